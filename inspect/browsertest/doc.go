// Package browsertest tests the page of package inspect in a real browser.
package browsertest
