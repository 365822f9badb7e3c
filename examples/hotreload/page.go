package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/eventvalue/event"
	"github.com/eventvalue/event/inspect"
)

// trackedWorkers is the number of workers that the page lists by name.
const trackedWorkers = 100

// stopTimeout is the time that the answers in progress have when the program ends.
const stopTimeout = time.Second

// watched returns the value that a worker watches. With a page, the first workers
// are tracked.
func (s *Service) watched(id int) event.ValueWatch[*Config] {
	if s.page && id < trackedWorkers {
		return inspect.Track(fmt.Sprintf("worker %d", id), &s.Config.value)
	}
	return s.Config
}

// ServePage serves the page of package inspect at address until stop is called,
// and shows where it is. Mount it for operators only in a program of your own.
func (s *Service) ServePage(address string, screen *Screen) (stop func(), err error) {
	unpublishConfig, err := inspect.Publish("config", &s.Config.value, inspect.Show(text))
	if err != nil {
		return nil, err
	}
	unpublishFile, err := inspect.Publish("file", s.File)
	if err != nil {
		unpublishConfig()
		return nil, err
	}
	unpublish := func() { unpublishFile(); unpublishConfig() }
	listener, err := net.Listen("tcp", address)
	if err != nil {
		unpublish()
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("/debug/values/", inspect.Handler())
	server := &http.Server{Handler: mux}
	served := make(chan struct{})
	go func() {
		defer close(served)
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			screen.Printf("the page has ended: %v\n", err)
		}
	}()
	screen.Printf("the page: http://%s/debug/values/\n\n", listener.Addr())
	return func() {
		ctx, cancel := context.WithTimeout(context.Background(), stopTimeout)
		defer cancel()
		if server.Shutdown(ctx) != nil { // It ends the streams of the page, too.
			_ = server.Close()
		}
		<-served
		unpublish()
	}, nil
}

// withPage calls f, and serves the page until f returns if o has an address.
func (s *Service) withPage(o options, screen *Screen, f func() error) error {
	if o.page == "" {
		return f()
	}
	stop, err := s.ServePage(o.page, screen)
	if err != nil {
		return err
	}
	defer stop()
	return f()
}

// text returns the settings of a Config, one in a line.
func text(c *Config) string {
	var b strings.Builder
	for _, s := range c.Settings {
		fmt.Fprintf(&b, "%s = %v\n", s.Key, s.Value)
	}
	return b.String()
}
