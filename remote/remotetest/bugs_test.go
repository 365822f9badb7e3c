package remotetest_test

// A bug is a defect of a broken store.
type bug string

const (
	neverWhole       bug = "no state is declared full"
	neverConcluded   bug = "a state is never concluded"
	startsOld        bug = "the first state is older than the call"
	startsEmpty      bug = "existing keys are missing in the first state"
	dropsPieces      bug = "pieces of the full state are lost"
	ignoresScope     bug = "all keys are followed"
	prefixOfKey      bug = "a key is followed as if it were a prefix"
	revisionOfScope  bug = "a first state has the revision of the last write in its scope"
	noProgress       bug = "batches without changes are left out"
	dropsDeletions   bug = "deletions are lost"
	wrongRevision    bug = "changes have another revision than Put returns"
	repeats          bug = "changes come twice"
	reorders         bug = "changes come in the wrong order"
	emptyIsDeleted   bug = "an empty value is a deletion"
	keepsSlice       bug = "the slice given to Put is kept"
	endsAll          bug = "the end of one Follow ends all"
	ignoresCondition bug = "Put ignores its condition"
	ignoresAbsent    bug = "Put ignores the condition that a key is absent"
	deletesAnyway    bug = "Delete ignores its condition"
	deletesNothing   bug = "the deletion of an absent key is reported"
	checksThenWrites bug = "a condition is checked some time before the write"
	takesEmptyKey    bug = "an empty key is written"
	writesEnded      bug = "a write is done under an ended context"
	returnsNil       bug = "Follow returns nil when its context ends"
	ignoresEnded     bug = "Follow returns nil under an ended context"
	appliesLate      bug = "apply is called after Follow has returned"
	wrapsError       bug = "apply's error is wrapped"
	ignoresError     bug = "apply's error is ignored once"
	neverEnds        bug = "a store that refuses is retried without end"
	silentCut        bug = "a lost connection is not reported"
	cutEndsFollow    bug = "a lost connection ends Follow"
	skipsCut         bug = "changes during a cut are missed"
	deafWhileCut     bug = "Follow does not end during a cut"
	failsButWrites   bug = "a write that was done fails as if it had not been"
	onlyNewer        bug = "of a later full state only newer changes are reported, as changes"
	undeclaredReset  bug = "a later full state comes as changes"
	missesReset      bug = "a later full state is not reported"
	lacksRewritten   bug = "a full state lacks what is rewritten while it is read"
	inventsDeletion  bug = "a write that is superseded at once is reported as a deletion"
	inventsValue     bug = "a write that is superseded at once has another value"
	inventsRevision  bug = "a write that is superseded at once has a later revision"
	cutsValueShort   bug = "a value near the size limit is cut short"
	tooLargeUnknown  bug = "a value that is too large has an unknown outcome"
	tooLargeWritten  bug = "a value that is too large is written"
	repeatsWrite     bug = "a write whose answer was lost is repeated"
	plainLostAnswer  bug = "a lost answer is an error that says nothing of the outcome"
	deafOnHalfOpen   bug = "a half-open connection is never noticed"
	givesUpSlowLine  bug = "a slow line is taken for a dead one"
	leaksGoroutine   bug = "a Follow leaves a goroutine behind"
	leaksStream      bug = "a Follow leaves a stream behind"
	leaksStreamInCut bug = "a Follow that ends during a cut leaves a stream behind"
)

// caughtBy lists the subtests that must catch each bug.
var caughtBy = map[bug][]string{
	neverWhole:       {"FirstState/Empty"},
	neverConcluded:   {"FirstState/Existing"},
	startsOld:        {"FirstState/HasWhatWasWritten"},
	startsEmpty:      {"FirstState/Existing", "Faults/Compaction"},
	dropsPieces:      {"FirstState/ManyKeys"},
	ignoresScope:     {"Scope/Prefix", "Scope/Key"},
	prefixOfKey:      {"Scope/Key"},
	revisionOfScope:  {"Scope/FirstRevision"},
	noProgress:       {"Scope/RevisionKeepsUp"},
	dropsDeletions:   {"Changes/AreFollowed"},
	wrongRevision:    {"Changes/HaveTheirRevisions"},
	repeats:          {"Changes/UnderLoad"},
	reorders:         {"Faults/CutLosesNothing"},
	emptyIsDeleted:   {"Changes/AnyBytes"},
	keepsSlice:       {"Changes/AreNotModified"},
	endsAll:          {"Changes/ForEachFollower"},
	ignoresCondition: {"Writes/OnlyAtARevision"},
	ignoresAbsent:    {"Writes/OnlyIfAbsent"},
	deletesAnyway:    {"Writes/DeleteOnlyAtARevision"},
	deletesNothing:   {"Writes/DeleteWhatIsAbsent"},
	checksThenWrites: {"Writes/OneOfManyWins"},
	takesEmptyKey:    {"Writes/EmptyKey"},
	writesEnded:      {"Writes/EndedContext"},
	returnsNil:       {"Ends/WithItsContext"},
	ignoresEnded:     {"Ends/UnderAnEndedContext"},
	appliesLate:      {"Ends/WithItsContext"},
	wrapsError:       {"Ends/WithAppliesError"},
	ignoresError:     {"Ends/WithAppliesError"},
	neverEnds:        {"Ends/WhenRefused"},
	silentCut:        {"Faults/CutIsReported"},
	cutEndsFollow:    {"Faults/CutFromTheStart", "Faults/Restart"},
	skipsCut:         {"Faults/CutAgainAndAgain"},
	deafWhileCut:     {"Faults/EndsWhileCut"},
	failsButWrites:   {"Faults/WritesWhileCut"},
	onlyNewer:        {"Faults/CompactionWhileCut", "Faults/CompactionOfManyKeys"},
	undeclaredReset:  {"Faults/Reset"},
	missesReset:      {"Faults/ResetWhileCut", "Faults/ResetToTheSameRevision"},
	lacksRewritten:   {"Truth/KeysThatAlwaysExist", "Truth/KeysThatAlwaysExistAfterFaults"},
	inventsDeletion:  {"Truth/KeysThatAlwaysExist", "Truth/EachChangeWasWritten"},
	inventsValue:     {"Truth/EachChangeWasWritten"},
	inventsRevision:  {"Truth/EachChangeWasWritten"},
	cutsValueShort:   {"Writes/AtTheSizeLimit", "Faults/SlowValue"},
	tooLargeUnknown:  {"Writes/AtTheSizeLimit"},
	tooLargeWritten:  {"Writes/AtTheSizeLimit"},
	repeatsWrite:     {"Faults/LostAnswers"},
	plainLostAnswer:  {"Faults/LostAnswers"},
	deafOnHalfOpen:   {"Faults/HalfOpen"},
	givesUpSlowLine:  {"Faults/SlowValue", "Faults/SlowFirstState", "Faults/SlowHistory"},
	leaksGoroutine:   {"Ends/LeaveNothing"},
	leaksStream:      {"Ends/LeaveNothing", "Ends/LeaveNothingAfterACut"},
	leaksStreamInCut: {"Ends/LeaveNothingAfterACut"},
}
