// Package integration tests package etcd on real servers, and measures it there.
package integration
