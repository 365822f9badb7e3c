/* Event Values: values, watchers, and the broadcast under them, as a model for spin. Run it by
   ./check. docs/internals/model-steps.md lists the steps: a letter and a number in the comment
   behind a line name the step, and the table there quotes the Go line.

   Go's atomic operations are sequentially consistent, and so are the steps of this model. What
   Go does without atomics, on what one goroutine owns, is done in one step with what
   comes before or after; that it is owned is asserted where it matters (see stacked, been). */

#include "state.pml"
#include "park.pml"
#include "get.pml"

/* Set: each Set has a snapshot of its own, as its allocation is. */
proctype producer(byte first) {
	byte old, new, p, q, t, c; bool ok;
	new = first;
	do
	:: new == first + SETS -> break
	:: else ->
again:		atomic { /* S1: Set, load */
			old = head;
			if :: final[old] -> goto dropped :: else fi;
			version[new] = version[old] + 1
		}
#ifdef BUG_SEAL_FIRST
		fire(old);
#endif
		atomic { /* S2: Set, compare-and-swap */
			if
#ifdef BUG_STORE_HEAD
			:: true ->
#else
			:: head == old ->
#endif
				assert(version[new] == version[head] + 1 && !final[head]); /* One order. */
				head = new
			:: else -> goto again
			fi
		}
#ifndef BUG_SEAL_FIRST
		fire(old);
#endif
dropped:	atomic { new++; old = 0 }
	od
}

/* MemoryValue.Close. */
proctype ender(byte new) {
	byte old, p, q, t, c; bool ok;
#ifndef BUG_END_LATE
	end = true; /* E1: CloseWithError, compare-and-swap */
#endif
again:	atomic { /* E2: CloseWithError, load */
		old = head;
		version[new] = version[old];
		final[new] = true
	}
	atomic { /* E3: CloseWithError, compare-and-swap */
		if :: head == old -> head = new :: else -> goto again fi
	}
#ifdef BUG_END_LATE
	end = true;
#endif
	fire(old)
}

/* Watcher.Close. */
proctype closer(byte w) {
	byte old, p, c, m2; bool ok;
again:	old = watcherState[w]; /* C1: Close, state */
	atomic { /* C2: Close, compare-and-swap */
		if :: watcherState[w] == old -> watcherState[w] = old | CLOSEDBIT :: else -> goto again fi
	}
#ifdef BUG_CLOSE_LATE
	interrupt(w);
	closed[w] = true;
#else
	closed[w] = true; /* C3: Waiter.Close, store */
	interrupt(w);
#endif
	unregister(w)
}

/* group.wake, of one member. */
inline endOf(w) {
#ifdef BUG_END_LATER
	interrupt(w);
#endif
#ifndef BUG_END_KEEPS
	atomic { if :: registration[w] == x + 1 -> registration[w] = NIL :: else fi } /* X3: group.wake, compare-and-swap */
#endif
#ifndef BUG_END_LATER
	interrupt(w)
#endif
}

/* The end of a context, and what it calls: once, or again when it is late. */
proctype canceller(byte x) {
	byte w, p, m, m2, late; bool ok;
	atomic { ended[x] = true; newest[x] = version[head] } /* X1: the context ends */
	atomic { groupClosed[x] = true; m = members[x]; members[x] = 0 } /* X2: group.wake, under the mutex */
again:	w = 0;
	do
	:: w < WATCHERS ->
		if :: m & (1 << w) -> endOf(w) :: else fi;
		w++
	:: else -> break
	od;
	if
	:: LATE && late == 0 && m != 0 -> late = 1; goto again
	:: true
	fi
}

/* Watcher.Changed, and a receive from what it returns. */
proctype taker(byte w) {
	byte old, s, p, q, t, c; bool ok;
	old = watcherState[w]; /* T1: Changed, state */
	if :: old & CLOSEDBIT -> goto taken :: else fi;
	s = head; /* T2: Changed, head */
	if :: SEEN(s) != (old & ~BUSY) || final[s] -> goto taken :: else fi;
	q = ALLNODES - 1 - w;
	sharedState(s, q);
	if :: c == NIL -> goto taken :: else fi;
	channel(s);
	if :: ok -> goto taken :: else fi;
	takes[w] = s + 1;
end_take:
	shut[c]; /* T3: the receive */
	takes[w] = 0;
taken:	skip
}

/* When nothing moves any more, who waits must have a reason to. */
proctype judge() {
	byte w;
	timeout ->
	atomic {
		for (w : 0 .. WATCHERS - 1) {
			if
			:: waits[w] != 0 ->
				assert(head == waits[w] - 1);  /* No lost wake-up. */
				assert(!(watcherState[w] & CLOSEDBIT));
				assert(!ended[under[w]])
			:: else -> assert(QUIET(w))
			fi;
			assert(takes[w] == 0 || head == takes[w] - 1); /* Changed is never late. */
			/* A closed watcher is registered with no context. */
			assert(!closed[w] || registration[w] == NIL);
		}
		for (w : 0 .. CONTEXTS) {
			assert(groupClosed[w] || w == NONE || (members[w] & ((1 << CLOSED) - 1)) == 0)
		}
	}
}

init {
	byte i, j;
	atomic {
		for (i : 0 .. WATCHERS - 1) {
			for (j : 0 .. GETTERS - 1) { run getter(i, (i * GETTERS + j) * NODES) }
		}
		for (i : 1 .. PRODUCERS) { run producer(1 + (i - 1) * SETS) }
		if :: END -> run ender(SNAPSHOTS - 1) :: else fi;
		i = 0; do :: i < CLOSED -> run closer(i); i++ :: else -> break od;
		i = 0; do :: i < CONTEXTS -> run canceller(i); i++ :: else -> break od;
		i = 0; do :: i < TAKERS -> run taker(i); i++ :: else -> break od;
		run judge();
		i = 0; j = 0
	}
}
