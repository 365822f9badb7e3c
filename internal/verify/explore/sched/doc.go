// Package sched runs a few goroutine-like threads one step at a time and, run after run, in every
// order that there is.
//
// Code takes part by calling this package, and the atomics of its subpackage, where it would otherwise
// use the memory that goroutines share: the rewriter in the package above sees to that. Each such
// call is a step: before it is taken, the scheduler decides which thread goes on. A
// thread is a coroutine ([iter.Pull]), so that exactly one runs at any time, and a run depends on
// nothing but the decisions.
//
// # The search
//
// [Explore] searches depth first: a run is repeated with the same decisions but for the last one
// that has an alternative left. Two things keep that finite and short:
//
//   - A bound on preemptions, which are decisions against a thread that could go on. To leave a
//     thread that has to wait, or is done, is free.
//   - States that were met before are not entered again. A state that was met with fewer preemptions left is.
//
// # Why remembering states is sound
//
// What a thread does next depends only on what it has read. So a state is told by its history: every
// thread and every shared object carries a hash of all that it depends on. To read mixes the object's into the
// thread's; to write does the same, and gives the object the result. Two runs come to the same hashes
// exactly if they differ only in the order of steps that do not touch the same object, or only
// read it (who has read it before a write and who after tells the hash of the reader):
// then all variables are the same, and so is all that can follow. The
// hashes of the threads add up to that of the state. Threads of one group ([Run.Group]) start with the same, so that a
// state and its mirror image count as one. Which thread ran last is part of a state if
// that thread can go on, for then it costs a preemption to leave it.
//
// From each state that is entered, every step that the bound allows is taken, and [Run.Always] is called
// before and after it; so it sees every state that can be reached, and every step between two. A step always
// changes the hash, so that no state is cut for being its own successor.
//
// The hashes have 64 bits (60 in the table): in a search of ten million states, the probability that some two
// collide, and so something is overlooked, is about one to twenty thousand.
//
// Everything that threads share must be seen by the scheduler for this to hold, the
// bookkeeping of a scenario included: what one thread notes and another one reads goes through
// the atomics. What is read only by [Run.Always] and [Run.Finally] must be a thread's own. Variables
// that are not atomic count as part of the thread that wrote them, which is so in a program without data races: whoever
// reads them has read, after that, what that thread wrote.
//
// There is one search at a time in a process.
package sched
