package main

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/pelletier/go-toml/v2"
)

// A Config is one version of a service's configuration. Many goroutines share
// it. Invariant: a published Config is not modified. A change makes a new
// Config.
type Config struct {
	LogLevel string `toml:"log_level"`
	Server   Server `toml:"server"`
	Limits   Limits `toml:"limits"`

	// Version numbers the published Configs: 1, 2, 3, … It is not in the file.
	Version int `toml:"-"`

	// delivery measures the delivery of the Config. It is a field of the
	// Config, so that a worker needs no lock and no look-up that would distort
	// the measurement.
	delivery *Delivery
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

// A ConfigError is an error in a configuration file, with its position.
type ConfigError struct {
	Path         string
	Line, Column int // From 1.
	Problem      string
}

func (e *ConfigError) Error() string {
	return fmt.Sprintf("%s:%d:%d: %s", e.Path, e.Line, e.Column, e.Problem)
}

// Load reads, parses and validates the file at path.
func Load(path string) (*Config, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return Parse(path, data)
}

// Parse makes a Config of data, the contents of the file at path. It refuses
// unknown keys, because they are usually misspelt. Its errors are of type
// *ConfigError.
func Parse(path string, data []byte) (*Config, error) {
	c := new(Config)
	if err := decode(data, c); err != nil {
		return nil, syntaxError(path, err)
	}
	if key, problem := c.Validate(); problem != "" {
		line, column, found := locate(data, key)
		if !found {
			problem = "is missing"
		}
		return nil, &ConfigError{path, line, column, key + ": " + problem}
	}
	return c, nil
}

func decode(data []byte, into any) error {
	return toml.NewDecoder(bytes.NewReader(data)).DisallowUnknownFields().Decode(into)
}

// syntaxError makes a ConfigError of what the parser returned.
func syntaxError(path string, err error) error {
	// A StrictMissingError must be checked first, because errors.As finds it as
	// a DecodeError, too.
	if unknown, ok := errors.AsType[*toml.StrictMissingError](err); ok {
		first := unknown.Errors[0]
		line, column := first.Position()
		problem := strings.Join(first.Key(), ".") + ": unknown key"
		if more := len(unknown.Errors) - 1; more > 0 {
			problem += fmt.Sprintf(" (and %d more)", more)
		}
		return &ConfigError{path, line, column, problem}
	}
	if bad, ok := errors.AsType[*toml.DecodeError](err); ok {
		line, column := bad.Position()
		return &ConfigError{path, line, column, strings.TrimPrefix(bad.Error(), "toml: ")}
	}
	return &ConfigError{path, 1, 1, err.Error()}
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
	if all, ok := errors.AsType[*toml.StrictMissingError](decode(data, &sections)); ok {
		for _, k := range all.Errors {
			if strings.EqualFold(strings.Join(k.Key(), "."), key) {
				line, column = k.Position()
				return line, column, true
			}
		}
	}
	return 1, 1, false
}

// A setting is a key of the file with its value. problem is the error in the
// value, or "".
type setting struct {
	key     string
	value   any
	problem string
}

// settings lists the settings of c. Zero values are not valid, so a missing key
// has a problem. An empty file has one, too: a file that is being saved may be
// read while it is empty.
func (c *Config) settings() []setting {
	s, l := c.Server, c.Limits
	return []setting{
		{"log_level", c.LogLevel, oneOf(c.LogLevel, "debug", "info", "warn", "error")},
		{"server.address", s.Address, hostPort(s.Address)},
		{"server.read_timeout", s.ReadTimeout.Duration, s.ReadTimeout.between(time.Millisecond, 10*time.Minute)},
		{"server.max_connections", s.MaxConnections, between(s.MaxConnections, 1, 100_000)},
		{"limits.requests_per_second", l.RequestsPerSecond, between(l.RequestsPerSecond, 1, 1_000_000)},
		{"limits.burst", l.Burst, between(l.Burst, 1, max(1, l.RequestsPerSecond))},
	}
}

// Validate returns the first key that has a problem and the problem, or "" and
// "".
func (c *Config) Validate() (key, problem string) {
	for _, s := range c.settings() {
		if s.problem != "" {
			return s.key, s.problem
		}
	}
	return "", ""
}

// Changes lists the differences between old and c as text. old may be nil.
func (c *Config) Changes(old *Config) []string {
	if old == nil {
		return []string{"first load"}
	}
	var changes []string
	before := old.settings()
	for i, s := range c.settings() {
		if was := before[i].value; was != s.value {
			changes = append(changes, fmt.Sprintf("%s %v → %v", s.key, was, s.value))
		}
	}
	return changes
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
