package linear_test

import (
	"testing"

	"github.com/anishathalye/porcupine"
	"github.com/stretchr/testify/assert"

	"github.com/eventvalue/event/internal/verify/linear"
)

type operation = porcupine.Operation

func describe(op operation) string {
	return string(op.Input.(linear.Input).Kind) + " " + string(op.Output.(linear.Output).Result)
}

// overlapping counts the calls that begin before the one that began before them
// ended.
func overlapping(h []operation) (n int) {
	for i, a := range h {
		for _, b := range h[:i] {
			if a.Call <= b.Return && b.Call <= a.Return {
				n++
				break
			}
		}
	}
	return n
}

// sequential makes a history of calls one after another.
func sequential(steps ...step) (h []operation) {
	for i, s := range steps {
		h = append(h, operation{Input: s.in, Output: s.out, Call: int64(10 * i), Return: int64(10*i + 5)})
	}
	return h
}

type step struct {
	in  linear.Input
	out linear.Output
}

func set(val int) step {
	return step{linear.Input{Kind: linear.Set, Val: val}, linear.Output{Result: linear.OK}}
}

func get(val int, result linear.Result) step {
	return step{linear.Input{Kind: linear.Get}, linear.Output{Val: val, Result: result}}
}

func backlog(val int, result linear.Result) step {
	s := get(val, result)
	s.in.Backlog = true
	return s
}

func odd(s step) step {
	s.in.Odd = true
	return s
}

func load(val int, result linear.Result) step {
	return step{linear.Input{Kind: linear.Load}, linear.Output{Val: val, Result: result}}
}

func changed(result linear.Result) step {
	return step{linear.Input{Kind: linear.Changed}, linear.Output{Result: result}}
}

func update(old, val int) step {
	return step{linear.Input{Kind: linear.Update, Val: val}, linear.Output{Val: val, Old: old, Called: true, Result: linear.OK}}
}

func end(kind linear.Kind) step { return step{in: linear.Input{Kind: kind}} }

// TestSpec is what a history of one call at a time may be, and what it must
// not.
func TestSpec(t *testing.T) {
	cancel, closed, ended := end(linear.Cancel), end(linear.CloseWatcher), end(linear.CloseValue)
	for _, c := range []struct {
		name  string
		valid bool
		steps []step
	}{
		{"newest", true, []step{set(1), set(2), get(2, linear.OK), load(2, linear.OK)}},
		{"stale Get", false, []step{set(1), set(2), get(1, linear.OK)}},
		{"stale Load", false, []step{set(1), set(2), load(1, linear.OK)}},
		{"twice", false, []step{set(1), get(1, linear.OK), get(1, linear.OK)}},
		{"no data", true, []step{load(0, linear.No), backlog(0, linear.Done)}},
		{"data out of nothing", false, []step{load(0, linear.OK)}},
		{"done though unseen", false, []step{set(1), backlog(0, linear.Done)}},
		{"done without BacklogOnly", false, []step{get(0, linear.Done)}},
		{"rejected", true, []step{set(2), odd(backlog(0, linear.Done)), backlog(0, linear.Done)}},
		{"returned though rejected", false, []step{set(2), odd(get(2, linear.OK))}},
		{"value after the context's end", false, []step{set(1), cancel, get(1, linear.OK)}},
		{"context's end without it", false, []step{get(0, linear.Ended)}},
		{"context's end wins", true, []step{cancel, set(1), get(0, linear.Ended), load(1, linear.OK)}},
		{"value after Close", false, []step{set(1), closed, get(1, linear.OK)}},
		{"closed", true, []step{set(1), closed, get(0, linear.WatcherClosed)}},
		{"not closed", false, []step{get(0, linear.WatcherClosed)}},
		{"final value", true, []step{set(1), ended, get(1, linear.OK), get(0, linear.Closed)}},
		{"no final value", false, []step{set(1), ended, get(0, linear.Closed)}},
		{"end without it", false, []step{get(0, linear.Closed)}},
		{"Set after the end", false, []step{set(1), ended, set(2), load(2, linear.OK)}},
		{"Update", true, []step{set(1), update(1, 2), load(2, linear.OK)}},
		{"lost Update", false, []step{set(1), update(1, 2), update(1, 3)}},
		{"Update after the end", false, []step{ended, update(0, 3)}},
		{"Changed", true, []step{changed(linear.No), set(1), changed(linear.OK), get(1, linear.OK), changed(linear.No)}},
		{"Changed late", false, []step{set(1), changed(linear.No)}},
		{"Changed early", false, []step{changed(linear.OK)}},
		{"concurrent Get", false, []step{get(0, linear.Other)}},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := linear.Check(sequential(c.steps...), t.TempDir(), "x")
			assert.Equal(t, c.valid, err == nil)
		})
	}
}
