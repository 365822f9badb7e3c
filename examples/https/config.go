package main

import (
	"errors"
	"net"

	"github.com/eventvalue/event/file/toml"
)

// A Config is one version of the configuration. A published Config is not
// modified.
type Config struct {
	Address string `toml:"address"`
	Message string `toml:"message"`
}

// decode parses and validates a configuration file.
func decode(data []byte) (Config, error) {
	c, err := toml.Decode[Config](data)
	if err != nil {
		return c, err
	}
	if _, _, err := net.SplitHostPort(c.Address); err != nil {
		return c, err
	}
	if c.Message == "" {
		return c, errors.New("message: is missing")
	}
	return c, nil
}
