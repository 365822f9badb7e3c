// Package rivals runs the workloads of package bench over libraries of others that keep a
// value and tell of its changes. It is a module of its own, so that Event Values do not
// depend on them.
package rivals
