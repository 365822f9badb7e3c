package linear

import (
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/anishathalye/porcupine"
)

// patience is how long porcupine may look for an order. Histories here take it milliseconds.
const patience = time.Minute

// Check returns an error unless some order explains history. A picture of one that none
// explains is left in dir under the given name, and the error says where.
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
