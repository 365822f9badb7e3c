/* Watcher.Get, with bindContext, Prepare, Receive and Finish of park.Waiter, which are Park. Filters and BacklogOnly are not here: they do not
   change which waiter wakes which. */

inline unregister(w) {
	atomic { c = registration[w]; registration[w] = NIL } /* R1: unregister, exchange */
	if
	:: c != NIL -> atomic { /* R2: remove, under the mutex */
			if
			:: !groupClosed[c - 1] -> members[c - 1] = members[c - 1] & (255 - (1 << w))
			:: else
			fi
		}
	:: else
	fi;
	c = NIL
}

/* Go registers at the second wait in a row under a context; here it may do so at any. */
inline register(w) {
	if
	:: true
	:: x != NONE ->
		atomic { /* R4: join, under the mutex */
			if :: !groupClosed[x] -> members[x] = members[x] | (1 << w) :: else fi
		};
		registration[w] = x + 1; /* R5: register, store */
#ifdef BUG_REGISTER_BLIND
		skip
#else
		ok = closed[w]; /* R6: register, closed.Load */
		if :: !ok -> ok = groupClosed[x] /* R7: register, group.closed.Load */ :: else fi;
		if :: ok -> unregister(w) :: else fi
#endif
	fi
}

/* A fresh node of the process's own is 1 + own + fresh. */
inline acquireNode(w) {
	p = node[w]; /* P1: acquireNode, load */
	if
	:: p == NIL
	:: else ->
		atomic { /* P2: acquireNode, state */
			mine = state[p] & phase;
#ifndef BUG_REUSE_RETIRED
			if
			:: state[p] & retired ->
#ifndef BUG_KEEP_CHANNEL
				deaf[p] = true; wake[p] = false;
#else
				node[w] = NIL;
#endif
				p = NIL
			:: else -> assert(!wake[p]) /* No wait begins with a wake-up pending. */
			fi
#endif
		}
	fi;
	if
	:: p == NIL ->
		atomic {
			assert(fresh < NODES); /* Else the configuration has too few. */
			p = 1 + own + fresh; fresh++; mine = 0;
			node[w] = p /* P3: acquireNode, store */
		}
	:: else
	fi
}

#define CANSKIP(w) (registration[w] == (x == NONE -> NIL : x + 1))

inline bindContext(w) {
	if
	:: CANSKIP(w) /* P6: bindContext, canSkipDone */
	:: else ->
		if :: registration[w] != NIL -> unregister(w) :: else fi;
		if
		:: !ended[x] -> register(w) /* P5: bindContext, Done */
		:: else
		fi
	fi
}

/* Leaves in told whether the context's end wakes w, and in ok whether there is something to wait for.
   Who has not met the context has to if it comes again: that may be so at any time. */
inline check(w, met) {
	told = CANSKIP(w); /* R3: canSkipDone */
	ok = told;
	if
	:: told
	:: !told && registration[w] == NIL -> ok = !ended[x] /* P7: Prepare, Done */
	:: !told && (registration[w] != NIL || !met)
	fi;
#ifndef BUG_NO_LOOK_CLOSED
	if :: ok -> ok = !closed[w] /* P8: Prepare, closed.Load */ :: else fi
#endif
}

inline wait(w, b) {
	atomic { waits[w] = b + 1; under[w] = x }
end_wait:
	if
	:: atomic { wake[p] -> wake[p] = false; waits[w] = 0; under[w] = 0; ok = false } /* P9: Receive, wake */
	:: atomic { !told && ended[x] -> waits[w] = 0; under[w] = 0; ok = true } /* P10: Receive, ended */
	fi;
	if
	:: ok ->
		retire(p, mine);
		if
		:: ok
#ifdef BUG_LEAVE_WAKEUP
		:: else
#else
		:: else -> atomic { wake[p] -> wake[p] = false } /* P4: Finish, receive */
#endif
		fi
	:: else
	fi
}

inline park(w, b, met) {
	if :: met -> bindContext(w) :: else fi;
#ifdef BUG_PARK_LATE
	check(w, met);
	acquireNode(w);
#else
	acquireNode(w);
	check(w, met);
#endif
	if :: ok -> push(b, p) :: else fi;
	if
	:: !ok
	:: else ->
		wait(w, b);
		if /* P11: Finish, phase */
		:: (state[p] & phase) != mine ->
#ifndef BUG_CHAIN_ENDS
			if
			:: next[p] != NIL -> atomic { q = p; p = next[p]; next[q] = NIL; q = NIL } continueChain(b)
			:: else
			fi
#else
			skip
#endif
		:: else ->
			atomic {
				assert((state[p] & retired) && !wake[p]);
#ifndef BUG_REUSE_RETIRED
				assert(fresh < NODES);
				node[w] = 1 + own + fresh; fresh++ /* P12: Finish, store */
#endif
			}
			noteAbandoned(b)
		fi
	fi;
	atomic { p = NIL; mine = 0; told = false; ok = false }
}

/* Broadcast.noteAbandoned. Go counts, and sweeps when many have given up; here it may be at any. */
inline noteAbandoned(b) {
#if SWEEPS
	assert(spare + 1 + 2 * SWEEPS <= STANDINS); /* Else the configuration has too few. */
	q = 1 + OWN + (own / NODES) * STANDINS + spare;
	sharedState(b, q);
	if :: c == q -> spare++; q++ :: else fi;
	if
	:: c != NIL -> sweep(b, q); spare = spare + 2
	:: true
	fi;
	atomic { c = NIL; q = NIL; p = NIL; ok = false }
#else
	skip
#endif
}

/* What must be so where Get returns s. */
inline returns(w, s) {
	assert(!pre);                       /* An ended context wins. */
	assert(version[s] > returned[w]);   /* Strictly forward. */
	assert(!ended[x] || version[s] <= newest[x]); /* Nothing set after the context's end. */
	returned[w] = version[s]
}

/* What follows is for the getter, which has the labels. */

inline sleep(w, b, met) {
	park(w, b, met);
#ifdef BUG_LATE_END
	if :: head == b && !closed[w] -> assert(ended[x]); ok = false; goto done :: else fi
#else
	skip
#endif
}

inline takeWoken() {
#ifdef BUG_TAKE_WOKEN
	if :: SEEN(s) != old -> ok = true; goto done :: else fi
#else
	skip
#endif
}

inline abort(w) {
	if
	:: ended[x] -> ok = false; goto done /* A2: Abort, Err */
	:: else -> assert(!pre)
	fi;
	if
	:: watcherState[w] & CLOSEDBIT -> ok = false; goto done /* A3: Abort, state */
	:: else
	fi
}

proctype getter(byte w; byte own) {
	byte n, x, old, s, p, q, t, c, a, z, fresh, spare, mine;
	bool ok, told, pre;
	do
	:: n == GETS -> break
	:: else ->
		atomic {
			n++;
			select(x : 0 .. NONE);
			pre = ended[x];
			old = watcherState[w] /* G1: Get, state */
		}
		if
		:: (old & (BUSY | CLOSEDBIT)) == 0 ->
#ifdef BUG_CONTEXT_FIRST
			if :: ended[x] -> goto slow :: else fi;
#endif
			s = head; /* G2: Get, head */
			if
			:: SEEN(s) == old && !final[s] ->
				atomic { /* G6: Get that waits, compare-and-swap */
					if :: watcherState[w] == old -> watcherState[w] = old | BUSY :: else -> goto slow fi
				}
				sleep(w, s, false);
				s = head; /* G7: finishWait, head */
				takeWoken();
				if
				:: SEEN(s) == old -> goto again
				:: else
				fi;
#ifndef BUG_DONE_BLIND
				if
				:: ended[x] -> goto again /* G8: finishWait, Done */
				:: else
				fi;
#endif
				atomic { /* G9: finishWait, compare-and-swap */
					assert(QUIET(w));
					if
					:: watcherState[w] == (old | BUSY) ->
						returns(w, s);
						watcherState[w] = SEEN(s);
						goto back
					:: else -> goto again
					fi
				}
			:: SEEN(s) == old && final[s] -> goto slow
			:: else
			fi;
			if /* G3: Get, registered */
			:: registration[w] != NIL && registration[w] != x + 1 -> goto slow
			:: else
			fi;
#ifndef BUG_CONTEXT_FIRST
			if :: ended[x] -> goto slow :: else fi; /* G4: Get, Err */
#endif
			atomic { /* G5: Get, compare-and-swap */
				if
#ifdef BUG_WORD_STORE
				:: true ->
#else
				:: watcherState[w] == old ->
#endif
					watcherState[w] = SEEN(s);
					returns(w, s);
					goto back
				:: else
				fi
			}
		:: else
		fi;
slow:
		old = watcherState[w]; /* B1: acquire, state */
		if
		:: (old & (BUSY | CLOSEDBIT)) == 0 ->
			atomic { /* B2: acquire, compare-and-swap */
				if :: watcherState[w] == old -> watcherState[w] = old | BUSY :: else -> goto slow fi
			}
		:: else ->
			if
			:: ended[x] -> goto back /* B3: acquire, Err */
			:: else ->
				assert(!pre);
				if :: old & CLOSEDBIT -> break :: else -> goto back fi
			fi
		fi;
again:
		if /* A6: getBusy, UnregisterElsewhere */
		:: registration[w] != NIL && registration[w] != x + 1 -> unregister(w)
		:: else
		fi;
look:
		s = head; /* A1: Look, head */
		abort(w);
		if
		:: SEEN(s) != old -> ok = true; goto done
		:: else
		fi;
		if
		:: final[s] -> atomic { /* A4: Look, end.Load */
				assert(end && version[s] == returned[w]);
				ok = false; goto done
			}
		:: else
		fi;
		s = head; /* A5: Wait, head */
		if
		:: SEEN(s) == old && !final[s] -> sleep(w, s, true)
		:: else
		fi;
		goto look;
done:
		atomic { /* A7: getBusy, compare-and-swap */
			assert(QUIET(w));
			if :: ok -> returns(w, s) :: else fi;
			if
			:: watcherState[w] == (old | BUSY) -> watcherState[w] = (ok -> SEEN(s) : old)
			:: else
			fi
		}
back:
		atomic { s = 0; old = 0; told = false; ok = false; pre = false }
	od
}
