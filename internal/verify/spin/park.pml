/* Package park. An inline is a function; what it needs it takes from the process that calls
   it: t a top, c shared state, p and q nodes, ok a result. */

inline signal(p) {
	atomic { /* N1: signal */
		/* What is sent is for a waiter that receives there before it goes, or for no waiter. It is
		   lost only if the waiter finds the node retired. */
		assert(STANDIN(p) || deaf[p] || node[WAITER(p)] == p);
		assert(!wake[p] || (state[p] & retired));
		wake[p] = !STANDIN(p) && !deaf[p]
	}
}

/* Ends the wait of the phase m, and leaves in ok whether the caller is the one who does. */
inline retire(p, m) {
#ifdef BUG_RETIRE_STORE
	ok = (state[p] == m);
	if :: ok -> state[p] = m | retired :: else fi
#else
	atomic { /* N2: retire */
		ok = (state[p] == m);
		if :: ok -> state[p] = m | retired :: else fi
	}
#endif
}

inline interrupt(w) {
	p = node[w]; /* N3: Waiter.interrupt, load */
	if
	:: p != NIL ->
		m2 = state[p] & phase; /* N5: interrupt, phase */
		retire(p, m2);
		if :: ok -> signal(p) :: else fi
	:: else
	fi;
	atomic { p = NIL; m2 = 0; ok = false }
}

/* The owner of a stack wakes who is on p, and goes on to the next in p. A failed
   compare-and-swap of tryWake does nothing, so that load and swap are one step. */
inline tryWake(p) {
	atomic { /* N4: popNext and tryWake */
		assert(stacked[p]); stacked[p] = false;
#ifndef BUG_FREE_EARLY
		q = next[p]; next[p] = NIL;
#endif
#ifdef BUG_WAKE_RETIRED
		ok = !(state[p] & retired);
		state[p] = (state[p] ^ phase) & phase
#else
		ok = !(state[p] & retired);
		if :: ok -> state[p] = state[p] ^ phase :: else fi
#endif
	}
	if :: ok -> signal(p) :: else fi;
#ifdef BUG_FREE_EARLY
	q = next[p]; next[p] = NIL;
#endif
	atomic { p = q; q = NIL; ok = false }
}

inline wakeAll(p) {
	do
	:: p != NIL -> tryWake(p)
	:: else -> break
	od
}

/* takeBatch, by the owner of the queue. Leaves in p the first node of the batch, or NIL. */
inline takeBatch(b) {
	p = queue[b];
	if
	:: p == NIL
	:: else ->
		q = p;
		if /* The length of a batch is a choice. */
		:: true
		:: next[q] != NIL -> q = next[q]
		fi;
		queue[b] = next[q]; next[q] = QUEUE; q = NIL
	fi
}

/* wakeFrom at p, and dispatch, of which each calls the other. told is whether the
   caller serves. */
inline continueChain(b) {
	told = false;
	do
	:: p == NIL && !told -> break
	:: p == NIL && told -> atomic { /* N29: dispatch, Sub */
			requests[b]--;
			if
#ifdef BUG_DISPATCH_ONE
			:: told = false
#else
			:: requests[b] != 0 -> takeBatch(b)
			:: else -> told = false
#endif
			fi
		}
	:: p == QUEUE -> atomic { /* N28: dispatch, Add */
			requests[b]++; p = NIL;
			if
			:: requests[b] == 1 -> told = true; takeBatch(b)
			:: else -> assert(told || requests[b] > 1)
			fi
		}
	:: else ->
		atomic { /* N30: wakeFrom, release */
			assert(stacked[p]); stacked[p] = false;
			ok = !STANDIN(p) && !(state[p] & retired);
			if
			:: ok -> state[p] = state[p] ^ phase; q = NIL /* next[p] is its waiter's now. */
			:: else -> q = next[p]; next[p] = NIL
			fi
		}
		if :: ok -> signal(p) :: else fi;
		atomic { p = q; q = NIL; ok = false }
	od
}

/* The goroutine that Fire starts where many wait. How many chains it starts is a choice. */
proctype handOff(byte p; byte c; byte b) {
	byte q; bool ok, told;
	if :: c != NIL -> atomic { assert(!shut[c]); shut[c] = true } /* N6: handOff, close */ :: else fi;
	atomic { queue[b] = p; p = QUEUE }
	continueChain(b);
	if
	:: p = QUEUE; continueChain(b)
	:: true
	fi
}

inline fire(b) {
	atomic { /* N7: Fire, exchange */
		assert(head != b); /* A fired broadcast is not the head's. */
		p = top[b];
#ifdef BUG_LOOK_FIRST
		if :: p == NIL :: else -> top[b] = SEALED fi
#else
		top[b] = SEALED
#endif
	}
	if
	:: p == NIL || p == SEALED
	:: else ->
#if SHARED
		c = shared[p]; /* N8: fire, shared.Load */
		if
		:: c != NIL ->
			atomic { if :: !made[c] -> c = NIL :: else fi } /* N9: fire, done.Load */
			if /* N10: fire, doneCalls.Load: few, and it is closed now; or many */
			:: c != NIL -> atomic { assert(!shut[c]); shut[c] = true; c = NIL }
			:: true
			fi
		:: else
		fi;
#endif
		if /* N27: fire: few, or many, of which some may have given up */
		:: c == NIL -> wakeAll(p)
		:: c != NIL || next[p] != NIL -> run handOff(p, c, b)
		fi
	fi;
	atomic { p = NIL; c = NIL }
}

/* linkAbove, of p above top t, up to the compare-and-swap: no other process writes to p before that,
   so that what Go stores in it is stored in the same step. */
inline linkAbove(p, t) {
#if SHARED
	if
	:: t != NIL ->
		c = shared[t] /* N11: linkAbove, shared.Load */
	:: else -> c = NIL
	fi
#else
	skip
#endif
}

/* The compare-and-swap that ends a push: from t to p on b, with below under p. What it must find
   is that a node comes to a broadcast once: no ABA. */
inline swap(b, from, to, below) {
	next[to] = below; shared[to] = c;
	ok = (top[b] == from);
	if
	:: ok ->
		assert(!stacked[to] && been[to] != b + 1);
		stacked[to] = true; been[to] = b + 1;
		top[b] = to
	:: else
	fi
}

/* Leaves in ok whether p is on b's stack; if not, b has fired. */
inline push(b, p) {
	do
	:: t = top[b]; /* N13: push, load */
		if
		:: t == SEALED -> ok = false; break
		:: else
		fi;
		linkAbove(p, t);
		atomic { /* N14: push, compare-and-swap */
			swap(b, t, p, t); c = NIL;
			if :: ok -> break :: else fi
		}
	od;
	t = NIL
}

/* Leaves b's shared state in c, or NIL if b has fired. q is a node that can be made. */
inline sharedState(b, q) {
	do
	:: t = top[b]; /* N15: sharedState, load */
		c = NIL;
		if
		:: t != NIL && t != SEALED -> c = shared[t] /* N16: sharedState, shared.Load */
		:: else
		fi;
		if
		:: c != NIL -> atomic { /* N18: sharedState, Fired */
				assert(c != NIL || top[b] == SEALED);
				if :: top[b] == SEALED -> c = NIL :: else fi
			};
			break
		:: else
		fi;
		if :: t == SEALED -> break :: else fi;
		linkAbove(q, t);
		atomic { /* N19: sharedState, compare-and-swap */
			c = q;
			swap(b, t, q, t);
			if :: ok -> break :: else fi
		}
	od;
	atomic { t = NIL; ok = false }
}

/* channel. Leaves in ok whether a closed channel is returned, else that of c is. */
inline channel(b) {
	made[c] = true; /* N20: channel, done: load or compare-and-swap from nil, and load */
#ifdef BUG_CHANNEL_BLIND
	ok = false
#else
	ok = (top[b] == SEALED) /* N21: channel, Fired */
#endif
}

/* c is b's shared state, q and q+1 nodes that can be made. a and z become first and last of
   those that stay, p goes over all. */
inline sweep(b, q) {
	do
	:: p = top[b]; /* N22: sweep, load */
		if :: p == SEALED -> p = NIL; break :: else fi;
		atomic { /* N23: sweep, compare-and-swap to the node with the shared state */
#ifdef BUG_SWEEP_SHARED
			c = NIL;
#endif
			swap(b, p, q, NIL);
			if :: ok -> break :: else fi
		}
	od;
	c = NIL;
	do
	:: p != NIL -> atomic { /* N24: prune, a node */
			assert(stacked[p]); stacked[p] = false;
			t = next[p]; next[p] = NIL;
			if
			:: STANDIN(p) || (state[p] & retired)
			:: else ->
				stacked[p] = true;
				if :: z == NIL -> a = p :: else -> next[z] = p fi;
				z = p
			fi;
			p = t; t = NIL
		}
	:: else -> break
	od;
	do
	:: a == NIL -> break
	:: else ->
		t = top[b]; /* N25: sweep, load for putting back */
		if
		:: t == SEALED ->
#ifndef BUG_SWEEP_LINKED
			next[z] = NIL;
#endif
			p = a;
#ifndef BUG_SWEEP_FORGETS
			wakeAll(p);
#endif
			break
		:: else
		fi;
		linkAbove(q + 1, t);
		atomic { /* N26: sweep, compare-and-swap to put back */
			next[z] = t;
			swap(b, t, q + 1, a); c = NIL;
			if :: ok -> break :: else fi
		}
	od;
	atomic { a = NIL; z = NIL; t = NIL; p = NIL; ok = false }
}
