package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"

	"github.com/eventvalue/event"
)

// A Seat is the state of one node.
type Seat struct {
	Pid  int // 0 if the node does not run
	View View
}

// A Board has the states of all nodes, by name. Invariant: a Board does not
// change.
type Board map[string]Seat

// A Team is the nodes, which are separate processes of this program, and their
// views.
type Team struct {
	Board event.MemoryValue[Board]

	config NodeConfig // the common part of all configurations
	procs  map[string]*proc
}

type proc struct {
	cmd   *exec.Cmd
	ended chan struct{}
}

// NewTeam returns a Team without nodes.
func NewTeam(config NodeConfig) *Team {
	t := &Team{config: config, procs: map[string]*proc{}}
	t.Board.Set(Board{})
	return t
}

// Addr returns the address of a node. The nodes of this example do not listen.
func Addr(name string) string { return name + ".example:8080" }

// Start starts a node.
func (t *Team) Start(name string) error {
	c := t.config
	c.Name, c.Addr = name, Addr(name)
	text, err := json.Marshal(c)
	if err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), nodeEnv+"="+string(text))
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = ownGroup()
	if _, err := cmd.StdinPipe(); err != nil { // The node exits when the pipe is closed.
		return err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	p := &proc{cmd: cmd, ended: make(chan struct{})}
	t.procs[name] = p
	t.setSeat(name, Seat{Pid: cmd.Process.Pid})
	go func() {
		defer close(p.ended)
		t.listen(name, cmd.Process.Pid, stdout)
		_ = cmd.Wait()
		t.setSeat(name, Seat{})
	}()
	return nil
}

// listen reads the views of a node and puts them on the board.
func (t *Team) listen(name string, pid int, r io.Reader) {
	for lines := bufio.NewScanner(r); lines.Scan(); {
		var v View
		if err := json.Unmarshal(lines.Bytes(), &v); err == nil {
			t.setSeat(name, Seat{Pid: pid, View: v})
		}
	}
}

// setSeat replaces the Seat of a node on the board.
func (t *Team) setSeat(name string, s Seat) {
	t.Board.Update(func(b Board, _ bool) (Board, bool) {
		b = maps.Clone(b)
		b[name] = s
		return b, true
	})
}

// Kill ends a node without warning, as by kill -9.
func (t *Team) Kill(name string) error {
	p := t.procs[name]
	if p == nil {
		return fmt.Errorf("there is no node %q", name)
	}
	_ = p.cmd.Process.Kill()
	<-p.ended
	delete(t.procs, name)
	return nil
}

// Close ends all nodes.
func (t *Team) Close() {
	for name := range t.procs {
		_ = t.Kill(name)
	}
}
