package inspect_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"os"

	"github.com/eventvalue/event"
	"github.com/eventvalue/event/inspect"
)

func Example() {
	config := event.New("v1")
	unpublish, err := inspect.Publish("config", config)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer unpublish()

	mux := http.NewServeMux()
	mux.Handle("/debug/values/", inspect.Handler()) // On the listener that has /debug/pprof.

	w := inspect.Track("db pool", config).Watch()
	defer w.Close()
	config.Set("v2")
	for _, info := range inspect.Values() {
		fmt.Println(info.Name, "version", info.Version, "watchers", info.Watchers)
		for _, t := range info.Tracked {
			fmt.Println(t.Name, "lags by", t.Lag)
		}
	}
	// Output:
	// config version 2 watchers 1
	// db pool lags by 2
}

// The level of a logger follows a value.
func ExampleLog_level() {
	debug := new(event.MemoryValue[slog.Level])
	level := new(slog.LevelVar)
	logger := slog.New(slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{
		Level: level,
		ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey {
				return slog.Attr{}
			}
			return a
		},
	}))
	debug.Set(slog.LevelDebug)
	_ = debug.Close() // In a program the value lives on, and so does the loop.
	for l := range event.Values(context.Background(), debug) {
		level.Set(l)
	}
	logger.Debug("now visible")

	_ = inspect.Log(context.Background(), logger, debug, "log level", inspect.Show(slog.Level.String))
	// Output:
	// level=DEBUG msg="now visible"
	// level=INFO msg="event value changed" name="log level" version=1 skipped=0 lag=0 value=DEBUG
	// level=INFO msg="event value ended" name="log level" error="event: value closed"
}
