package etcd

import (
	"fmt"

	"go.uber.org/atomic"
)

// tokenReason is the reason of Broken while the server checks a password.
const tokenReason = "the server has not checked the password yet"

// A tokenPatience multiplies the time that a server may take to check the
// password of the client. The client requests a token for each new stream, and
// after the old token has expired. The check takes long if its cost is high, or if
// many clients connect at the same moment.
//
// After a request was given up, the server must check the password again. So the
// next request may take four times as long. A token that arrives sets the limit to
// twice the time that it has taken.
//
// All Follows of a Store share one, because the server checks the same password
// for them. Use newTokenPatience to create one.
type tokenPatience struct{ factor atomic.Int64 }

const (
	tokenGrowth      = 4
	maxTokenPatience = 1 << 12
)

func newTokenPatience() *tokenPatience {
	p := new(tokenPatience)
	p.factor.Store(1)
	return p
}

// limit returns the number of ticks that a request for a token may take.
func (p *tokenPatience) limit() int { return 3 * int(p.factor.Load()) }

// gaveUp notes that a request was given up after limit ticks. Several Follows may
// have the same limit, and only the first of them raises it.
func (p *tokenPatience) gaveUp(limit int) {
	factor := int64(limit / 3)
	p.factor.CompareAndSwap(factor, min(tokenGrowth*factor, maxTokenPatience))
}

// took notes that a token has arrived after the given number of ticks.
func (p *tokenPatience) took(ticks int) { p.factor.Store(1 + 2*int64(ticks)/3) }

// waitsForToken counts a tick of a call. It reports whether a request for a token
// is in flight for the call. A token that has arrived is an answer of the server.
func (m *silenceMeter) waitsForToken() bool {
	if m.life.token.Load() {
		m.tokenTicks++
		return true
	}
	if m.tokenTicks > 0 && m.tokenArrived() {
		m.heard()
	}
	m.tokenTicks = 0
	return false
}

// tokenArrived reports whether a token has arrived, and learns how long that has
// taken. Call it when a call that m has measured from its beginning has succeeded.
func (m *silenceMeter) tokenArrived() bool {
	arrived := m.life.granted.Swap(false)
	if arrived {
		m.tokens.took(m.tokenTicks)
	}
	return arrived
}

// tokenIsLate reports whether the request for a token has taken longer than the
// limit, and raises the limit for the next one.
func (m *silenceMeter) tokenIsLate() bool {
	limit := m.tokens.limit()
	if m.tokenTicks <= limit {
		return false
	}
	m.tokens.gaveUp(limit)
	return true
}

// explainToken returns err, with the reason if a request for a token is in flight.
func (m *silenceMeter) explainToken(err error) error {
	if m.tokenTicks == 0 {
		return err
	}
	return fmt.Errorf("%w: %s", err, tokenReason)
}

// noteToken sets reason if a request for a token is in flight.
func (m *silenceMeter) noteToken(reason *atomic.String) {
	if m.tokenTicks > 0 {
		reason.Store(tokenReason)
	}
}
