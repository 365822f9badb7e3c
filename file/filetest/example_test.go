package filetest_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/knadh/koanf/parsers/toml/v2"
	"github.com/knadh/koanf/providers/env/v2"
	"github.com/knadh/koanf/providers/rawbytes"
	"github.com/knadh/koanf/v2"
	"github.com/spf13/viper"

	"github.com/eventvalue/event"
	"github.com/eventvalue/event/file"
	filetoml "github.com/eventvalue/event/file/toml"
)

// Config is the data of the Examples.
type Config struct {
	Address string `koanf:"address"`
	Burst   int    `koanf:"burst"`
}

// example makes a file of the content, and returns its path.
func example(content string) (path string, remove func()) {
	dir, err := os.MkdirTemp("", "example")
	if err == nil {
		path = filepath.Join(dir, "app.toml")
		err = os.WriteFile(path, []byte(content), 0o644)
	}
	if err != nil {
		panic(err)
	}
	return path, func() { os.RemoveAll(dir) }
}

// show serves v until it has data, and prints them.
func show[T any](v *file.Value[T]) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- v.Serve(ctx) }()
	st, err := event.Wait(ctx, v.Status(), func(file.Status) bool { return true })
	data, _ := v.Load()
	fmt.Printf("%+v %v %v\n", data, st.Err, err)
	cancel()
	<-done
}

const content = "address = \"localhost:80\"\nburst = 5\n"

func Example_follow() {
	path, remove := example(content)
	ctx, stop := context.WithCancel(context.Background())
	apply := func(c Config) { fmt.Printf("%+v\n", c); stop() }

	config := file.New(path, filetoml.Decode[Config])
	ctx, cancel := context.WithCancelCause(ctx)
	go func() { cancel(config.Serve(ctx)) }()

	for c := range event.Values(ctx, config) {
		apply(c)
	}
	err := context.Cause(ctx)

	fmt.Println(err)
	remove()
	// Output:
	// {Address:localhost:80 Burst:5}
	// context canceled
}

func Example_defaults() {
	type Limits struct {
		Burst   int
		Retries *int
	}
	decode := func(data []byte) (Limits, error) {
		c, err := filetoml.Decode[Limits](data)
		if c.Burst == 0 {
			c.Burst = 5
		}
		if c.Retries == nil {
			c.Retries = new(3)
		}
		return c, err
	}

	c, err := decode([]byte("Burst = 0\n"))
	fmt.Println(c.Burst, *c.Retries, err)
	// Output: 5 3 <nil>
}

func Example_koanf() {
	path, remove := example(content)
	defer remove()

	decode := func(data []byte) (Config, error) {
		var c Config
		k := koanf.New(".")
		if err := k.Load(rawbytes.Provider(data), toml.Parser()); err != nil {
			return c, err
		}
		err := k.Unmarshal("", &c)
		return c, err
	}
	config := file.New(path, decode)

	show(config)
	// Output: {Address:localhost:80 Burst:5} <nil> <nil>
}

func Example_env() {
	path, remove := example(content)
	defer remove()
	os.Setenv("APP_BURST", "7")
	defer os.Unsetenv("APP_BURST")

	decode := func(data []byte) (Config, error) {
		var c Config
		k := koanf.New(".")
		if err := k.Load(rawbytes.Provider(data), toml.Parser()); err != nil {
			return c, err
		}
		over := env.Opt{Prefix: "APP_", TransformFunc: func(key, value string) (string, any) {
			return map[string]string{"APP_ADDRESS": "address", "APP_BURST": "burst"}[key], value
		}}
		if err := k.Load(env.Provider(".", over), nil); err != nil {
			return c, err
		}
		err := k.Unmarshal("", &c)
		return c, err
	}
	config := file.New(path, decode)

	show(config)
	// Output: {Address:localhost:80 Burst:7} <nil> <nil>
}

func Example_viper() {
	path, remove := example(content)
	defer remove()

	decode := func(data []byte) (Config, error) {
		var c Config
		v := viper.New()
		v.SetConfigType("toml")
		v.SetDefault("burst", 1)
		if err := v.ReadConfig(bytes.NewReader(data)); err != nil {
			return c, err
		}
		err := v.UnmarshalExact(&c)
		return c, err
	}
	config := file.New(path, decode)

	show(config)
	// Output: {Address:localhost:80 Burst:5} <nil> <nil>
}

func Example_validation() {
	path, remove := example(content)
	defer remove()

	decode := func(data []byte) (Config, error) {
		c, err := filetoml.Decode[Config](data)
		if err == nil && c.Burst < 1 {
			err = errors.New("burst: must be at least 1")
		}
		return c, err
	}
	config := file.New(path, decode)

	show(config)
	// Output: {Address:localhost:80 Burst:5} <nil> <nil>
}

func Example_confd() {
	path, remove := example(content)
	defer remove()
	dir := filepath.Dir(path)

	decode := func(conf fs.FS) (Config, error) {
		var c Config
		k := koanf.New(".")
		names, err := fs.Glob(conf, "*.toml") // In the order of the names.
		for _, name := range names {
			data, err := fs.ReadFile(conf, name)
			if err == nil {
				err = k.Load(rawbytes.Provider(data), toml.Parser())
			}
			if err != nil {
				return c, fmt.Errorf("%s: %w", name, err)
			}
		}
		if err == nil {
			err = k.Unmarshal("", &c)
		}
		return c, err
	}
	config := file.NewDir(dir, decode)

	show(config)
	// Output: {Address:localhost:80 Burst:5} <nil> <nil>
}
