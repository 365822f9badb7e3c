/* The state that all processes share, and the sizes of a configuration. Where a name is
   not that of the Go code, the comment says what is meant. See event.pml. */

#ifndef WATCHERS
#define WATCHERS 2
#endif
#ifndef GETS      /* Gets one after another on each watcher */
#define GETS 2
#endif
#ifndef GETTERS   /* goroutines that do so, on each watcher */
#define GETTERS 1
#endif
#ifndef PRODUCERS
#define PRODUCERS 1
#endif
#ifndef SETS      /* Sets of each producer */
#define SETS 1
#endif
#ifndef CONTEXTS  /* each may be that of any Get, and is cancelled */
#define CONTEXTS 0
#endif
#ifndef CLOSED    /* how many of the watchers are closed */
#define CLOSED 0
#endif
#ifndef END       /* 1: the value is closed */
#define END 0
#endif
#ifndef TAKERS    /* how many of the watchers are asked for Changed */
#define TAKERS 0
#endif
#ifndef SWEEPS    /* 1: a cancelled waiter may sweep */
#define SWEEPS 0
#endif
#define SHARED (SWEEPS || TAKERS) /* Without either, shared state changes nothing. */
#ifndef LATE      /* 1: the end of a context may interrupt twice */
#define LATE 0
#endif
#ifndef NODES    /* nodes that the goroutine of a Get can make for itself */
#define NODES 3
#endif
#ifndef STANDINS  /* nodes without a waiter that it can make */
#define STANDINS 3
#endif

/* Snapshots. 0 is the empty one that Watch makes, and head at the beginning. */
#define SNAPSHOTS (1 + PRODUCERS * SETS + END)
byte head;
byte version[SNAPSHOTS];   /* without the final bit */
bool final[SNAPSHOTS];
byte top[SNAPSHOTS];       /* superseded.top: a node, NIL or SEALED */
byte queue[SNAPSHOTS];     /* the nodes that no chain has taken yet */
byte requests[SNAPSHOTS];      /* the number of chains that request a batch */
bool end;                  /* MemoryValue.end is not nil */

/* Nodes. Those of watcher w come first, in the order of watchers; then the stand-ins. */
#define NIL 0
#define SEALED 255
#define QUEUE 254          /* as a next: the queue of the broadcast */
#define OWN (WATCHERS * GETTERS * NODES)
#define STANDIN(p) ((p) > OWN)
#define WAITER(p) (((p) - 1) / (GETTERS * NODES))
#define ALLNODES (OWN + WATCHERS * GETTERS * STANDINS + TAKERS + 1)
byte next[ALLNODES];
byte shared[ALLNODES];     /* shared state is known by the node that it was made for */
byte state[ALLNODES];
#define retired 1
#define phase 2
bool wake[ALLNODES];      /* the channel of the node, of capacity 1, is full */
bool deaf[ALLNODES];   /* its waiter receives from another channel since */

/* Shared state. */
bool made[ALLNODES];      /* shared.done is not nil */
bool shut[ALLNODES];      /* the channel is closed */

/* Watchers, with their park.Waiter. */
byte watcherState[WATCHERS];       /* version << 2, busy, closed, as in state.go */
#define BUSY 1
#define CLOSEDBIT 2
#define SEEN(s) (version[s] << 2)
byte node[WATCHERS];
byte registration[WATCHERS]; /* NIL, or the context + 1 */
bool closed[WATCHERS];     /* Waiter.closed */

/* The next wait of w does not begin with a wake-up pending. */
#define QUIET(w) (node[w] == NIL || !wake[node[w]] || (state[node[w]] & retired))

/* Contexts. NONE is the one that never ends. */
#define NONE CONTEXTS
bool ended[CONTEXTS + 1];  /* Err is not nil, Done is closed */
bool groupClosed[CONTEXTS + 1];   /* group.closed */
byte members[CONTEXTS + 1]; /* the list of the group, a bit a watcher */

/* What is known here only, to say what must be so. */
byte returned[WATCHERS];   /* the version that was returned last */
byte newest[CONTEXTS + 1]; /* the version of the head when the context ended */
byte waits[WATCHERS];      /* the snapshot + 1 for whose successor there is a wait, or 0 */
byte under[WATCHERS];      /* and under which context */
byte takes[WATCHERS];      /* likewise a receive from the channel of Changed */
bool stacked[ALLNODES];   /* the node is on a stack, of a Broadcast or of the goroutine that took it */
byte been[ALLNODES];      /* the snapshot + 1 on whose stack it was pushed last */
