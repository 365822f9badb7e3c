// Package rivals runs the workloads of package bench over libraries of other
// authors that hold a value and notify of its changes. It is a separate module,
// so that Event Values do not depend on these libraries.
package rivals
