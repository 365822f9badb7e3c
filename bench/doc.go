// Package bench compares Event Values with what is used in their place.
package bench
