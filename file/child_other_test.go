//go:build !linux

package file_test

func runChild(string) int { return 1 }
