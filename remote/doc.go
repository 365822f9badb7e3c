// Package remote shares Event Values between machines: the same Watcher of package event follows a
// key, or all keys with a prefix, in a [Store] that others run.
package remote
