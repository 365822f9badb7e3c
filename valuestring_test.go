package event_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eventvalue/event"
)

// app is a struct as people print and log it.
type app struct {
	Name   string
	Secret *event.MemoryValue[string]
}

func TestMemoryValueIsPrintedWithoutItsValue(t *testing.T) {
	const secret = "hunter2"
	v := new(event.MemoryValue[string])
	for _, c := range []struct {
		step   func()
		text   string
		syntax string
		json   string
	}{
		{
			func() {},
			"event.MemoryValue[string](version 0)", "&event.MemoryValue[string]{/* version 0 */}",
			`{"type":"string","version":0,"closed":false}`,
		},
		{
			func() { v.Set(secret); v.Set(secret) },
			"event.MemoryValue[string](version 2)", "&event.MemoryValue[string]{/* version 2 */}",
			`{"type":"string","version":2,"closed":false}`,
		},
		{
			func() { _ = v.CloseWithError(errors.New(secret)) },
			"event.MemoryValue[string](version 2, closed)", "&event.MemoryValue[string]{/* version 2, closed */}",
			`{"type":"string","version":2,"closed":true}`,
		},
	} {
		c.step()
		for format, want := range map[string]string{
			"%v": c.text, "%+v": c.text, "%s": c.text, "%q": fmt.Sprintf("%q", c.text), "%#v": c.syntax,
		} {
			assert.Equal(t, want, fmt.Sprintf(format, v), format)
		}
		assert.Equal(t, "{Name:a Secret:"+c.text+"}", fmt.Sprintf("%+v", app{"a", v}))
		assert.Equal(t, "&{Name:a Secret:"+c.text+"}", fmt.Sprintf("%+v", &app{"a", v}))
		assert.Contains(t, fmt.Sprintf("%#v", app{"a", v}), c.syntax)

		encoded, err := json.Marshal(app{"a", v})
		require.NoError(t, err)
		assert.JSONEq(t, `{"Name":"a","Secret":`+c.json+`}`, string(encoded))
		var decoded app
		require.NoError(t, json.Unmarshal(encoded, &decoded))
		_, ok := decoded.Secret.Load()
		assert.False(t, ok, "decoding sets nothing")

		var log bytes.Buffer
		slog.New(slog.NewJSONHandler(&log, nil)).Info("started", "secret", v, "app", app{"a", v})
		assert.True(t, strings.Contains(log.String(), `"secret":`+c.json), log.String())
		slog.New(slog.NewTextHandler(&log, nil)).Info("started", "secret", v, "app", app{"a", v})
		assert.True(t, strings.Contains(log.String(), "secret.type=string secret.version="), log.String())
		assert.False(t, strings.Contains(log.String(), secret), log.String())
	}
}

func TestMemoryValueIsPrintedWithTheTypeOfItsValues(t *testing.T) {
	type config struct{ Addr string }
	assert.Equal(t, "event.MemoryValue[event_test.config](version 0)", new(event.MemoryValue[config]).String())
	assert.Equal(t, "event.MemoryValue[error](version 0)", new(event.MemoryValue[error]).String())
	tagged := new(event.MemoryValue[struct {
		A chan<- int `json:"a"`
	}])
	encoded, err := json.Marshal(tagged)
	assert.NoError(t, err)
	var decoded struct{ Type string }
	assert.NoError(t, json.Unmarshal(encoded, &decoded))
	assert.Equal(t, `struct { A chan<- int "json:\"a\"" }`, decoded.Type)
}

func TestNilMemoryValueIsPrinted(t *testing.T) {
	var v *event.MemoryValue[int]
	assert.Equal(t, "<nil>", fmt.Sprint(v))
	assert.Equal(t, "(*event.MemoryValue[int])(nil)", fmt.Sprintf("%#v", v))
	assert.Nil(t, v.LogValue().Any())
	encoded, err := v.MarshalJSON()
	assert.NoError(t, err)
	assert.Equal(t, "null", string(encoded))
	encoded, err = json.Marshal(app{"a", nil})
	assert.NoError(t, err)
	assert.JSONEq(t, `{"Name":"a","Secret":null}`, string(encoded))
}

// Under the race detector, this fails if something besides the version is read.
func TestMemoryValueIsPrintedDuringASet(t *testing.T) {
	v := new(event.MemoryValue[[]string])
	var wg sync.WaitGroup
	wg.Go(func() {
		for range 1000 {
			v.Set([]string{"a"})
		}
		_ = v.Close()
	})
	for !strings.Contains(v.String(), "closed") {
		_ = fmt.Sprintf("%+v %#v", v, v)
		_, _ = json.Marshal(v)
		_ = slog.AnyValue(v).Resolve().String()
	}
	wg.Wait()
	assert.Equal(t, "event.MemoryValue[[]string](version 1000, closed)", v.String())
}
