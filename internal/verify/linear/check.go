package linear

import (
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/anishathalye/porcupine"
)

// patience is the longest time that porcupine may search for an order. It
// usually needs milliseconds.
const patience = time.Minute

// Check returns an error unless some order explains history. It then writes a
// picture of the history to dir, under the given name, and the error contains
// the path.
func Check(history []porcupine.Operation, dir, name string) error {
	switch porcupine.CheckOperationsTimeout(Spec(), history, patience) {
	case porcupine.Ok:
		return nil
	case porcupine.Unknown:
		return fmt.Errorf("linear: %s: no verdict in %v", name, patience)
	}
	_, info := porcupine.CheckOperationsVerbose(Spec(), history, patience)
	path := filepath.Join(dir, name+".html")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	if err := porcupine.VisualizePath(Spec(), info, path); err != nil {
		return err
	}
	return fmt.Errorf("linear: no order explains the history %s", path)
}
