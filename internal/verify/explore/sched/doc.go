// Package sched runs a few goroutine-like threads one step at a time. It
// repeats the run until it has run the steps in every possible order.
//
// The explored code calls this package, and the atomics of its subpackage,
// instead of using memory that goroutines share. The rewriter in the package
// above replaces the operations. Each such call is a step. The scheduler
// decides before each step which thread continues. A thread is a coroutine
// ([iter.Pull]), so exactly one thread runs at any time. A run depends on the
// decisions alone.
//
// # The search
//
// [Explore] searches depth first. It repeats a run with the same decisions up
// to the last decision that has an alternative left, and takes the alternative.
// Two rules keep the search finite and short:
//
//   - The number of preemptions is bounded. A preemption is a decision against
//     a thread that could continue. Leaving a thread that waits or has returned
//     is free.
//   - A state is not entered twice, unless more preemptions are left than the
//     first time.
//
// # Why remembering states is sound
//
// The next step of a thread depends only on the values that the thread has
// read. The history of a state therefore identifies the state. Every thread and
// every shared object carries a hash of everything that it depends on. A read
// mixes the hash of the object into the hash of the thread. A write does the
// same and stores the result as the hash of the object as well.
//
// Two runs reach the same hashes exactly if they differ only in the order of
// independent steps. Steps are independent if they do not touch the same
// object, or if all of them only read it. A read before a write and a read
// after it give the reader different hashes. In runs with the same hashes all
// variables are equal, and so are all possible continuations.
//
// The hash of a state is the sum of the hashes of its threads. Threads of one
// group ([Run.Group]) start with the same hash, so a state and its mirror image
// count as one state. The thread that ran last is part of the state if it can
// continue, because leaving it costs a preemption.
//
// The search takes every step that the bound allows from each state that it
// enters. It calls [Run.Always] before and after the step. The check therefore
// sees every reachable state and every step between two states. Invariant: a
// step changes the hash, so a state is never taken for its own successor.
//
// The hashes have 64 bits, of which the table keeps 60. In a search of ten
// million states, two states collide with a probability of about one to twenty
// thousand. The search overlooks something only if two states collide.
//
// The argument holds only if the scheduler sees everything that threads share,
// including the notes of a scenario. If one thread writes a note and another
// thread reads it, the note must be an atomic. A variable that only
// [Run.Always] and [Run.Finally] read must belong to one thread. A variable
// that is not atomic counts as part of the thread that wrote it. That is true
// in a program without data races: a thread that reads the variable has read,
// through an atomic, something that the other thread wrote after it.
//
// A process runs one search at a time.
package sched
