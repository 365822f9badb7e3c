package browsertest

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"syscall"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestHotreload opens the page of the example for its 10,000 workers, saves its file, and
// sees the change. The picture of README.md is made here.
func TestHotreload(t *testing.T) {
	dir := t.TempDir()
	config := filepath.Join(dir, "app.toml")
	save := func(rate int) {
		text := fmt.Sprintf("[log]\nlevel = \"info\"\n\n[limits]\nrequests_per_second = %d\nburst = 50\n", rate)
		require.NoError(t, os.WriteFile(config+".new", []byte(text), 0o644))
		require.NoError(t, os.Rename(config+".new", config))
	}
	save(100)
	address := startHotreload(t, dir, config)

	b := newTab(t, 1200, 900)
	b.do(chromedp.Navigate("http://" + address + "/debug/values/"))
	b.until(rowOf("config"))
	assert.Equal(t, []string{"config", "file"}, eval[[]string](b, visibleNames))
	b.until(rowOf("config") + ".textContent.includes('10000')")
	b.do(chromedp.Evaluate(rowOf("config")+".querySelector('button').click()", nil))
	pre := "document.querySelector('.details:not([hidden]) pre').textContent"
	for rate := 101; rate <= 105; rate++ {
		save(rate)
		b.until(fmt.Sprintf("%s.includes('requests_per_second = %d')", pre, rate))
	}
	b.until("document.querySelectorAll('.details:not([hidden]) .inner tbody tr').length >= 100")
	b.clean(address)

	var picture []byte
	b.do(chromedp.CaptureScreenshot(&picture))
	require.Greater(t, len(picture), 10_000)
	if os.Getenv("SCREENSHOTS") != "" {
		require.NoError(t, os.WriteFile(filepath.Join("..", "..", "docs", "images", "hotreload.png"), picture, 0o644))
	}
}

// startHotreload runs the example with its page until the test ends, and returns the address
// of the page. The example must then end by itself, when it is asked to.
func startHotreload(t *testing.T, dir, config string) (address string) {
	t.Helper()
	binary := filepath.Join(dir, "hotreload")
	out, err := exec.Command("go", "build", "-C", filepath.Join("..", "..", "examples"), "-o", binary, "./hotreload").CombinedOutput()
	require.NoError(t, err, string(out))
	cmd := exec.Command(binary, "-http", "127.0.0.1:0", config)
	cmd.Stderr = os.Stderr
	stdout, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	found, drained := make(chan string, 1), make(chan struct{})
	go func() {
		defer close(drained)
		defer close(found)
		url := regexp.MustCompile(`http://(\S+)/debug/values/`)
		for lines := bufio.NewScanner(stdout); lines.Scan(); {
			if m := url.FindStringSubmatch(lines.Text()); m != nil {
				found <- m[1]
			}
		}
	}()
	t.Cleanup(func() {
		assert.NoError(t, cmd.Process.Signal(syscall.SIGTERM))
		<-drained
		assert.NoError(t, cmd.Wait(), "it ends with exit code 0")
	})
	address = <-found
	require.NotEmpty(t, address, "it prints the address")
	return address
}
