package inspect

import (
	"bytes"
	"encoding/json"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/eventvalue/event"
)

// interval is the time between two looks of the sampler.
const interval = time.Second

// live is the sampler of this process.
var live sampler

// A sampler looks at all published values while there are streams. Its zero value is ready.
type sampler struct {
	mu      sync.Mutex
	run     *run      // nil while there is no stream
	streams int       // that have joined run
	ended   time.Time // when the last run ended
}

// A run is the work of one goroutine: from the first stream to the last one.
type run struct {
	frames event.MemoryValue[*frame]
	stop   chan struct{} // closed when the last stream leaves
}

// A frame is what one look of the sampler has found. It does not change.
type frame struct {
	number  uint64 // of the look in its run, from 1
	at      time.Time
	rows    []row
	names   []string
	renamed uint64 // the number of the frame since which names are the same
}

// A row is a value in a frame.
type row struct {
	name    string
	json    json.RawMessage
	changed uint64 // the number of the frame since which json is the same; of this frame without versions
}

// join returns the frames of the run in progress, which it starts if there is none. Call
// leave once for each join.
func (s *sampler) join() *event.MemoryValue[*frame] {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.run == nil {
		s.run = &run{stop: make(chan struct{})}
		fresh := time.Since(s.ended) > 3*interval
		go s.run.sample(fresh)
	}
	s.streams++
	return &s.run.frames
}

// leave ends the run after the last stream.
func (s *sampler) leave() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.streams--; s.streams == 0 {
		close(s.run.stop)
		s.run, s.ended = nil, time.Now()
	}
}

// sample looks at the values, until stop is closed. fresh reports that the rates from
// before are too old to be continued.
func (r *run) sample(fresh bool) {
	defer r.frames.Close() // Streams end with their sampler, even if it ends by a panic.
	if fresh {
		for _, e := range values.all() {
			e.forgetRates()
		}
	}
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	f := new(frame)
	for {
		f = next(f)
		r.frames.Set(f)
		select {
		case <-r.stop:
			return
		case <-ticker.C:
		}
	}
}

// next returns the frame after f.
func next(f *frame) *frame {
	entries := values.all()
	infos, at := lookAll(entries, false)
	n := &frame{number: f.number + 1, at: at, renamed: f.renamed, rows: make([]row, len(entries)), names: make([]string, len(entries))}
	for i, e := range entries {
		info := infos[i]
		info.Text = "" // It may be long, as the list of watchers: the page fetches both for what is open.
		info.Rate = math.Round(info.Rate*100) / 100
		e.tick(info.Rate)
		n.names[i] = e.name
		n.rows[i] = row{e.name, encode(&info), n.number}
		if !info.Versioned {
			continue // It may have changed without a change of the row.
		}
		if old := f.find(e.name, i); old != nil && bytes.Equal(old.json, n.rows[i].json) {
			n.rows[i] = *old
		}
	}
	if f.number == 0 || !slices.Equal(f.names, n.names) {
		n.renamed = n.number
	}
	return n
}

// find returns the row with the given name, or nil. Usually it is the one at i.
func (f *frame) find(name string, i int) *row {
	if i >= len(f.rows) || f.rows[i].name != name {
		j, found := slices.BinarySearch(f.names, name)
		if !found {
			return nil
		}
		i = j
	}
	return &f.rows[i]
}

// since returns what has changed since the frame of the given number, as a snapshot.
func (f *frame) since(number uint64) snapshot {
	s := snapshot{At: f.at, Boot: boot, Values: []json.RawMessage{}}
	for _, row := range f.rows {
		if row.changed > number {
			s.Values = append(s.Values, row.json)
		}
	}
	if f.renamed > number {
		s.Names = f.names
	}
	return s
}
