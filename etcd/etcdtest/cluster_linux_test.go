package etcdtest_test

import (
	"bufio"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"github.com/eventvalue/event/etcd/etcdtest"
)

var faults = flag.Bool("faults", false, "run the tests that start, kill and pause processes")

func TestClusterSurvivesItsLeader(t *testing.T) {
	if !*faults {
		t.Skip("without -faults")
	}
	c, err := etcdtest.StartCluster(patient(t), etcdtest.ClusterConfig{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}()
	client := dial(t, c.Addrs()...)
	put(t, client, "key", "1")
	first, err := c.Leader(patient(t))
	if err != nil {
		t.Fatal(err)
	}
	first.Kill()
	second, err := c.Leader(patient(t))
	if err != nil || second == first {
		t.Fatalf("the new leader is %v, %v", second, err)
	}
	if err := first.Start(patient(t)); err != nil {
		t.Fatal(err)
	}
	if err := second.Pause(); err != nil {
		t.Fatal(err)
	}
	third, err := c.Leader(patient(t))
	if err != nil || third == second {
		t.Fatalf("the third leader is %v, %v", third, err)
	}
	if err := second.Resume(); err != nil {
		t.Fatal(err)
	}
	r, err := client.Get(patient(t), "key")
	if err != nil || len(r.Kvs) != 1 {
		t.Fatalf("there is %v, %v", r, err)
	}
}

const parentEnv = "EVENT_ETCDTEST_PARENT"

// TestParentOfACluster is no test, but the program that the next one kills.
func TestParentOfACluster(t *testing.T) {
	if os.Getenv(parentEnv) == "" {
		t.Skip("for TestMembersDieWithTheirParent")
	}
	c, err := etcdtest.StartCluster(patient(t), etcdtest.ClusterConfig{})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Members[1].Pause(); err != nil {
		t.Fatal(err)
	}
	fmt.Println("pids", c.Members[0].Pid(), c.Members[1].Pid(), c.Members[2].Pid())
	select {} // until it is killed
}

func TestMembersDieWithTheirParent(t *testing.T) {
	if !*faults {
		t.Skip("without -faults")
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, "-test.run=^TestParentOfACluster$", "-faults")
	cmd.Env = append(os.Environ(), parentEnv+"=1")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var pids [3]int
	for lines := bufio.NewScanner(out); pids[2] == 0 && lines.Scan(); {
		_, _ = fmt.Sscanf(lines.Text(), "pids %d %d %d", &pids[0], &pids[1], &pids[2])
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	if pids[2] == 0 {
		t.Fatal("the cluster has not started")
	}
	for _, pid := range pids {
		for deadline := time.Now().Add(10 * time.Second); alive(pid); time.Sleep(time.Millisecond) {
			if time.Now().After(deadline) {
				t.Errorf("member %d is alive", pid)
				_ = syscall.Kill(pid, syscall.SIGKILL)
				break
			}
		}
	}
}

// alive reports whether the process is there and is no zombie.
func alive(pid int) bool {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return false
	}
	var n int
	var name, state string
	_, err = fmt.Sscan(string(text), &n, &name, &state)
	return err == nil && state != "Z"
}
