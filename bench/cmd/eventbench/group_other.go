//go:build !unix

package main

import "os/exec"

// inGroup does nothing: there are no process groups here.
func inGroup(*exec.Cmd) {}

func endGroup(*exec.Cmd) {}
