// Package filetest has the snippets of docs/configuration.md as Examples. It is a module of
// its own, so that package file requires neither koanf nor viper.
package filetest
