package main

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"

	tomlv2 "github.com/pelletier/go-toml/v2"

	"github.com/eventvalue/event/file"
	"github.com/eventvalue/event/file/toml"
)

// A serviceFile is the file of the demonstration, with its schema.
type serviceFile struct {
	LogLevel string `toml:"log_level"`
	Server   Server `toml:"server"`
	Limits   Limits `toml:"limits"`
}

// Server is the section [server].
type Server struct {
	Address        string   `toml:"address"`
	ReadTimeout    Duration `toml:"read_timeout"`
	MaxConnections int      `toml:"max_connections"`
}

// Limits is the section [limits].
type Limits struct {
	RequestsPerSecond int `toml:"requests_per_second"`
	Burst             int `toml:"burst"`
}

// A Duration is written like "1m30s".
type Duration struct {
	time.Duration
	problem string // The error in the text, or "".
}

// UnmarshalText implements [encoding.TextUnmarshaler]. Validate reports an
// error in the text, because the parser does not always add the position to an
// error from here.
func (d *Duration) UnmarshalText(text []byte) error {
	var err error
	if d.Duration, err = time.ParseDuration(string(text)); err != nil {
		d.problem = fmt.Sprintf("%q is not a duration like \"1m30s\"", text)
	}
	return nil
}

// decodeService decodes and validates the file of the demonstration. It refuses
// unknown keys, because they are usually misspelt. Its errors are of type
// *file.Error.
func decodeService(data []byte) (*Config, error) {
	f, err := toml.Decode[serviceFile](data)
	if err != nil {
		return nil, err
	}
	c := new(Config)
	for _, r := range f.rules() {
		if r.problem != "" {
			return nil, refusal(data, r)
		}
		c.Settings = append(c.Settings, Setting{r.key, r.value})
	}
	return c, nil
}

// refusal is the error of a key whose value is not valid.
func refusal(data []byte, r rule) error {
	line, column, found := locate(data, r.key)
	if !found {
		r.problem = "is missing"
	}
	return &file.Error{Line: line, Column: column, Err: errors.New(r.key + ": " + r.problem)}
}

// locate returns the position of a key in a document that is valid TOML. If the
// key is not there, it returns the beginning of the document.
//
// It decodes the document into a struct with empty sections. The strict parser
// then returns an error with the position of every key.
func locate(data []byte, key string) (line, column int, found bool) {
	var sections struct {
		Server struct{} `toml:"server"`
		Limits struct{} `toml:"limits"`
	}
	err := tomlv2.NewDecoder(bytes.NewReader(data)).DisallowUnknownFields().Decode(&sections)
	if all, ok := errors.AsType[*tomlv2.StrictMissingError](err); ok {
		for _, k := range all.Errors {
			if strings.EqualFold(strings.Join(k.Key(), "."), key) {
				line, column = k.Position()
				return line, column, true
			}
		}
	}
	return 1, 1, false
}

// A rule is a key of the file with its value. problem is the error in the value,
// or "".
type rule struct {
	key     string
	value   any
	problem string
}

// rules lists the keys of f. Zero values are not valid, so a missing key has a
// problem.
func (f *serviceFile) rules() []rule {
	s, l := f.Server, f.Limits
	return []rule{
		{"log_level", f.LogLevel, oneOf(f.LogLevel, "debug", "info", "warn", "error")},
		{"server.address", s.Address, hostPort(s.Address)},
		{"server.read_timeout", s.ReadTimeout.Duration, s.ReadTimeout.between(time.Millisecond, 10*time.Minute)},
		{"server.max_connections", s.MaxConnections, between(s.MaxConnections, 1, 100_000)},
		{"limits.requests_per_second", l.RequestsPerSecond, between(l.RequestsPerSecond, 1, 1_000_000)},
		{"limits.burst", l.Burst, between(l.Burst, 1, max(1, l.RequestsPerSecond))},
	}
}

func oneOf(s string, allowed ...string) string {
	if slices.Contains(allowed, s) {
		return ""
	}
	return fmt.Sprintf("%q is not one of %s", s, strings.Join(allowed, ", "))
}

func between[N cmp.Ordered](n, low, high N) string {
	if low <= n && n <= high {
		return ""
	}
	return fmt.Sprintf("%v is not between %v and %v", n, low, high)
}

func (d Duration) between(low, high time.Duration) string {
	return cmp.Or(d.problem, between(d.Duration, low, high))
}

func hostPort(s string) string {
	if _, port, err := net.SplitHostPort(s); err != nil || port == "" {
		return fmt.Sprintf("%q is not of the form host:port", s)
	}
	return ""
}
