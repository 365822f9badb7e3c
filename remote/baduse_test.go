package remote_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/eventvalue/event/remote"
	"github.com/eventvalue/event/remote/remotetest"
)

func TestProgrammersMistakesPanic(t *testing.T) {
	f := new(remotetest.Fake)
	v := remote.NewValue(f, "key", remote.String())
	r := remote.NewRange(f, "p/", remote.String())
	defer v.Close()
	defer r.Close()
	w := r.Watch()
	defer w.Close()
	var none context.Context
	for text, f := range map[string]func(){
		"remote: NewValue: nil store":                 func() { remote.NewValue(nil, "key", remote.String()) },
		"remote: NewValue: nil codec":                 func() { remote.NewValue[string](f, "key", nil) },
		"remote: NewRange: nil store":                 func() { remote.NewRange(nil, "p/", remote.String()) },
		"remote: NewRange: nil codec":                 func() { remote.NewRange[string](f, "p/", nil) },
		"remote: Value.Set: nil context":              func() { _, _ = v.Set(none, "a") },
		"remote: Value.CompareAndSet: nil context":    func() { _, _ = v.CompareAndSet(none, 0, "a") },
		"remote: Value.Delete: nil context":           func() { _, _ = v.Delete(none) },
		"remote: Value.CompareAndDelete: nil context": func() { _, _ = v.CompareAndDelete(none, 0) },
		"remote: Value.Sync: nil context":             func() { _ = v.Sync(none, 0) },
		"remote: Range.Set: nil context":              func() { _, _ = r.Set(none, "p/a", "a") },
		"remote: Range.CompareAndSet: nil context":    func() { _, _ = r.CompareAndSet(none, "p/a", 0, "a") },
		"remote: Range.Delete: nil context":           func() { _, _ = r.Delete(none, "p/a") },
		"remote: Range.CompareAndDelete: nil context": func() { _, _ = r.CompareAndDelete(none, "p/a", 0) },
		"remote: Range.Sync: nil context":             func() { _ = r.Sync(none, 0) },
		"event: Watcher.Get: nil context":             func() { _, _ = w.Get(none) },
	} {
		assert.PanicsWithValue(t, text, f)
	}
	all, _ := f.Content()
	assert.Empty(t, all)
}
