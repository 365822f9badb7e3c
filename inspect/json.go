package inspect

import (
	"encoding/json"
	"time"
)

// A snapshot is the answer to ?format=json, and the data of an event of the stream.
type snapshot struct {
	At time.Time `json:"at"`

	// Boot is different in the next process at the same address.
	Boot string `json:"boot"`

	// Values has the values, as JSON objects of type Info. An event has only values that have
	// changed since the event before, or have no versions. It has neither Tracked nor Text.
	Values []json.RawMessage `json:"values"`

	// Names has the names of all values in an event, if they have changed since the event
	// before. It is empty, and not absent, in the event after the last value has gone.
	Names []string `json:"names,omitzero"`

	// Rates has the latest rates of each value by name, in the first event of a stream.
	Rates map[string][]float64 `json:"rates,omitzero"`
}

// boot is the time at which this process began.
var boot = time.Now().UTC().Format(time.RFC3339Nano)

// details is an Info with what was found before.
type details struct {
	Info
	History []Change  `json:"history"`
	Rates   []float64 `json:"rates"`
}

func (e *entry) details() details {
	infos, _ := lookAll([]*entry{e}, true)
	d := details{Info: infos[0]}
	d.History, d.Rates = e.past()
	return d
}

// encode returns x as JSON. The types of this package have no value that cannot be encoded.
func encode(x any) json.RawMessage {
	b, err := json.Marshal(x)
	if err != nil {
		panic("inspect: " + err.Error())
	}
	return b
}

// encodeAll returns a snapshot of all values.
func encodeAll() json.RawMessage {
	infos, at := lookAll(values.all(), true)
	s := snapshot{At: at, Boot: boot, Values: []json.RawMessage{}}
	for i := range infos {
		s.Values = append(s.Values, encode(&infos[i]))
	}
	return encode(s)
}
