// Package inspected runs workloads of package bench over values that package
// inspect publishes and tracks. It is a package of its own, so that the programs
// of package bench do not import package inspect.
package inspected
