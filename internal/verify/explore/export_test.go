package explore

import (
	"go/importer"
	"path/filepath"
)

// Rewrite returns the new text of a file that is the whole of package park.
func Rewrite(name, text string) (string, error) {
	dir, err := filepath.Abs(".")
	if err != nil {
		return "", err
	}
	full := filepath.Join(dir, name)
	texts, err := rewritePackage(module+"/internal/park", map[string][]byte{full: []byte(text)}, importer.Default(), nil)
	return string(texts[full]), err
}
