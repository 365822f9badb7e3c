package eventtest_test

// A bug is what is wrong with a reference.
type bug string

const (
	getsBeforeData         bug = "Get returns nil before the first Set"
	loadsAlways            bug = "Load has data before the first Set"
	nilIsNoData            bug = "a Set of nil is ignored"
	zeroIsNoData           bug = "a Set of a zero value is ignored"
	loadsNonNil            bug = "Load takes nil for no data"
	deliversTwice          bug = "a Get that has waited does not move the watcher"
	getsOlder              bug = "Get returns an older value now and then"
	loadsOlder             bug = "Load returns an older value now and then"
	queues                 bug = "values queue"
	positionIsShared       bug = "what one watcher has seen, all have"
	wakesOne               bug = "Set wakes one of several watchers"
	losesWakeUps           bug = "a Set between looking and waiting is missed"
	forgetsAfterMany       bug = "Set wakes no waiter once many have waited"
	firstGetWaits          bug = "a first Get waits for the next Set"
	firstSetMissed         bug = "a watcher made before the first Set misses that"
	equalDropped           bug = "a Set of an equal value is dropped"
	racy                   bug = "state is read without the lock"
	predicateLocks         bug = "a predicate runs under the lock"
	setWaitsForSlow        bug = "Set waits for watchers, if they are many"
	setWaitsForParked      bug = "Set waits if many Gets do"
	setWaitsForTakers      bug = "Set waits if Changed was called often"
	allocates              bug = "Get allocates"
	allocatesForOptions    bug = "Get with options allocates"
	goroutinePerGet        bug = "a Get that waits holds a goroutine"
	leavesGoroutine        bug = "a Get that gave up leaves a goroutine"
	keepsGivenUp           bug = "a Get that gave up is kept"
	keepsWatchers          bug = "watchers are kept"
	changedIsKept          bug = "what Changed makes is kept"
	retainsOld             bug = "old values are retained"
	rejectedPinned         bug = "a Get that waits holds what it has rejected"
	keepsValue             bug = "a closed watcher holds its value"
	keepsContext           bug = "a closed watcher holds its last context"
	keepsAllContexts       bug = "a watcher holds all its contexts"
	consumesOnCancel       bug = "a Get under an ended context consumes"
	contextLoses           bug = "a value wins over an ended context"
	alwaysCanceled         bug = "the error of an ended context is always Canceled"
	takesAfterEnd          bug = "a woken Get takes before it looks at its context"
	movesFirst             bug = "a Get that is cancelled has moved the watcher"
	rejectedIsSeen         bug = "what was rejected is seen, also after an error"
	predicateCannotEnd     bug = "what a predicate ends is noticed by the next Get"
	concurrentBeforeClosed bug = "ErrConcurrentGet wins over ErrWatcherClosed"
	concurrentUndetected   bug = "concurrent Gets are not detected"
	finishesLate           bug = "a Get is in progress for a while after it has returned"
	filtersIgnored         bug = "filters are ignored"
	lastFilterWins         bug = "the last Filter wins"
	predicateTwice         bug = "a predicate is called twice with one value"
	returnsNewest          bug = "another value is returned than was accepted"
	nilNotAskedAbout       bug = "nil is rejected without asking"
	optionsStick           bug = "options hold for later Gets, too"
	panicLeavesBusy        bug = "a predicate's panic leaves the Get in progress"
	zeroOptionRejects      bug = "the zero option rejects"
	backlogWaits           bug = "BacklogOnly waits"
	backlogStays           bug = "BacklogDone leaves unseen what was rejected"
	backlogPassesNewer     bug = "BacklogDone passes what is newer than what was rejected"
	backlogChases          bug = "BacklogOnly goes on while there is something newer"
	changedLate            bug = "Changed closes some time after Set"
	changedOnlyNext        bug = "Changed never closes"
	changedIsAlwaysNew     bug = "Changed returns a new channel each time"
	changedConsumes        bug = "Changed consumes"
	changedNotWhileBusy    bug = "Changed never closes if taken during a Get"
	changedForgetsClose    bug = "Changed of a closed watcher is open"
	changedForgetsEnd      bug = "Changed of an ended value is open"
	changedIsRacy          bug = "Changed misses a Set between looking and taking"
	changedAllocates       bug = "Changed allocates while something is unseen"
	closeForgotten         bug = "Close of a watcher does nothing"
	closeSleeps            bug = "Close of a watcher does not wake its Get"
	closeTwiceFails        bug = "a second Close of a watcher fails"
	closeEndsValue         bug = "Close of a watcher ends the value"
	finalValueLost         bug = "the end wins over the final value"
	endSleeps              bug = "Close of a value wakes no waiter"
	endWakesOne            bug = "Close of a value wakes one of several watchers"
	endNeedsData           bug = "the end without data is nil"
	endedIsOver            bug = "a watcher made after Close misses the final value"
	causeLost              bug = "the cause is lost"
	onlyCause              bug = "the error has the cause, but not ErrClosed"
	endIsWrapped           bug = "the error without a cause is not ErrClosed itself"
	lastCloseWins          bug = "the last Close wins"
	setAfterClose          bug = "a Set after Close is not dropped"
	loadEndsWithClose      bug = "Load has no data after Close"
	rejectedFinalStays     bug = "a final value that was rejected stays unseen"
	endAfterBacklog        bug = "BacklogDone wins over the end"
	endBeforeClosed        bug = "the value's end wins over ErrWatcherClosed"
	updateReturnsOld       bug = "Update returns the old value"
	updatePublishesAlways  bug = "Update publishes after false"
	updateWakesAlways      bug = "Update wakes after false"
	updateSleeps           bug = "Update wakes no waiter"
	updateNotAtomic        bug = "Update overwrites what was set meanwhile"
	updateLocks            bug = "Update runs its function under the lock"
	updatePanicsPublish    bug = "Update publishes after a panic"
	updateAfterClose       bug = "Update calls its function after Close"
	nilAllowed             bug = "nil is allowed"
)

// caughtBy tells which subtest is for which bug. Others may fail too.
var caughtBy = map[bug]string{
	getsBeforeData:         "G01_NoDataFirst/GetWaits",
	loadsAlways:            "G01_NoDataFirst/LoadHasNone",
	nilIsNoData:            "G01_NoDataFirst/NilIsData",
	zeroIsNoData:           "G01_NoDataFirst/ZeroIsData",
	loadsNonNil:            "G01_NoDataFirst/LoadHasNil",
	deliversTwice:          "G02_OneOrder/NoValueTwice",
	getsOlder:              "G02_OneOrder/StrictlyForwardUnderLoad",
	loadsOlder:             "G02_OneOrder/NoReaderGoesBack",
	queues:                 "G03_NewestWins/SlowWatcherSkips",
	positionIsShared:       "G03_NewestWins/WatchersDoNotAffectEachOther",
	wakesOne:               "G04_NoLostWakeUp/ManyParkedWake",
	losesWakeUps:           "G04_NoLostWakeUp/SetMeetsGet",
	forgetsAfterMany:       "G04_NoLostWakeUp/AfterOthersGaveUp",
	firstGetWaits:          "G05_FirstGet/SetBeforeWatch",
	firstSetMissed:         "G05_FirstGet/SetAfterWatch",
	equalDropped:           "G06_EqualValuesCount/Get",
	racy:                   "G07_MemoryModel/Load",
	predicateLocks:         "G08_SetNeverBlocks/WhileAPredicateRuns",
	setWaitsForSlow:        "G08_SetNeverBlocks/WhileNobodyReads",
	setWaitsForParked:      "G08_SetNeverBlocks/WhileManyAreParked",
	setWaitsForTakers:      "G08_SetNeverBlocks/WhileManySelect",
	allocates:              "G09_GetAllocatesNothing/Plain",
	allocatesForOptions:    "G09_GetAllocatesNothing/KeptOptions",
	goroutinePerGet:        "G10_ParkedGet/HoldsNoGoroutine",
	leavesGoroutine:        "G10_ParkedGet/GivesBackWhatItHeld",
	keepsGivenUp:           "G10_ParkedGet/GivenUpGetsLeaveNothing",
	keepsWatchers:          "G10_ParkedGet/GoneWatchersLeaveNothing",
	changedIsKept:          "G10_ParkedGet/TakenChannelsLeaveNothing",
	retainsOld:             "G11_OldValuesAreGarbage/OnceANewerIsSet",
	rejectedPinned:         "G11_OldValuesAreGarbage/WhileAGetWaits",
	keepsValue:             "G11_OldValuesAreGarbage/WhatAClosedWatcherWatched",
	keepsContext:           "G11_OldValuesAreGarbage/TheContextOfAClosedWatcher",
	keepsAllContexts:       "G11_OldValuesAreGarbage/AllContextsButTheLast",
	consumesOnCancel:       "G12_EndedContextWins/BeforeGet",
	contextLoses:           "G12_EndedContextWins/WhatElseWins",
	alwaysCanceled:         "G12_EndedContextWins/OfADeadline",
	takesAfterEnd:          "G12_EndedContextWins/NothingThatWasSetAfterwards",
	movesFirst:             "G12_EndedContextWins/SetThenCancel",
	rejectedIsSeen:         "G12_EndedContextWins/RejectedStaysUnseen",
	predicateCannotEnd:     "G12_EndedContextWins/EndedByAPredicate",
	concurrentBeforeClosed: "G12_EndedContextWins/WhatElseWins",
	concurrentUndetected:   "G13_ConcurrentGets/TheLaterFails",
	finishesLate:           "G13_ConcurrentGets/HandedOver",
	filtersIgnored:         "G14_Filter/SkipsWhatIsRejected",
	lastFilterWins:         "G14_Filter/SeveralMustAllAccept",
	predicateTwice:         "G14_Filter/OncePerValue",
	returnsNewest:          "G14_Filter/ReturnsWhatWasAccepted",
	nilNotAskedAbout:       "G14_Filter/NilIsAskedAbout",
	optionsStick:           "G14_Filter/HoldsForOneGet",
	panicLeavesBusy:        "G14_Filter/MayPanic",
	zeroOptionRejects:      "G14_Filter/ZeroOptionDoesNothing",
	backlogWaits:           "G15_BacklogOnly/WhatIsUnseenElseDone",
	backlogStays:           "G15_BacklogOnly/MovesPastWhatIsRejected",
	backlogPassesNewer:     "G15_BacklogOnly/NotPastWhatIsNewer",
	backlogChases:          "G15_BacklogOnly/DoesNotChaseAProducer",
	changedLate:            "G16_Changed/BeforeSetReturns",
	changedOnlyNext:        "G16_Changed/ClosesOnSet",
	changedIsAlwaysNew:     "G16_Changed/OneChannelUntilItCloses",
	changedConsumes:        "G16_Changed/ConsumesNothing",
	changedNotWhileBusy:    "G16_Changed/DuringAGet",
	changedForgetsClose:    "G16_Changed/ClosedByTheWatchersClose",
	changedForgetsEnd:      "G16_Changed/ClosedByTheValuesEnd",
	changedIsRacy:          "G16_Changed/NeverLate",
	changedAllocates:       "G16_Changed/AllocatesNothingWhileUnseen",
	closeForgotten:         "G17_WatcherClose/EndsLaterGets",
	closeSleeps:            "G17_WatcherClose/WakesParkedGet",
	closeTwiceFails:        "G17_WatcherClose/MayBeDoneTwice",
	closeEndsValue:         "G17_WatcherClose/LeavesOthersAlone",
	finalValueLost:         "G18_ValueClose/FinalValueThenTheEnd",
	endSleeps:              "G18_ValueClose/WakesParkedGet",
	endWakesOne:            "G18_ValueClose/WakesManyParked",
	endNeedsData:           "G18_ValueClose/WithoutData",
	endedIsOver:            "G18_ValueClose/LaterWatchersToo",
	causeLost:              "G18_ValueClose/CauseIsFound",
	onlyCause:              "G18_ValueClose/CauseIsFound",
	endIsWrapped:           "G18_ValueClose/PlainWithoutCause",
	lastCloseWins:          "G18_ValueClose/TheFirstWins",
	setAfterClose:          "G18_ValueClose/SetAfterwardsIsDropped",
	loadEndsWithClose:      "G18_ValueClose/LoadGoesOn",
	rejectedFinalStays:     "G18_ValueClose/RejectedFinalValueIsPassed",
	endAfterBacklog:        "G18_ValueClose/BacklogThenTheEnd",
	endBeforeClosed:        "G18_ValueClose/ClosedWatcherStaysClosed",
	updateReturnsOld:       "G19_Update/TrueAndWhatItPublished",
	updatePublishesAlways:  "G19_Update/FalseAndWhatItSaw",
	updateWakesAlways:      "G19_Update/FalseWakesNobody",
	updateSleeps:           "G19_Update/WakesParkedGet",
	updateNotAtomic:        "G19_Update/NoneIsLost",
	updateLocks:            "G19_Update/AgainIfOneWasFaster",
	updatePanicsPublish:    "G19_Update/MayPanic",
	updateAfterClose:       "G19_Update/NotAfterClose",
	nilAllowed:             "BadUse/NilContextOfGet",
}

// alsoCaught are subtests that no bug is for alone, each with one that it must
// find: what is composed of a value depends on much.
var alsoCaught = map[string]bug{
	"G02_OneOrder/SameOrderForAll":       deliversTwice,
	"G03_NewestWins/NewestDuringTheCall": queues,
	"G15_BacklogOnly/TryGetIsAGetWithIt": backlogWaits,
	"G20_Pipe/CurrentThenNewer":          firstGetWaits,
	"G20_Pipe/OffersTheNewest":           changedOnlyNext,
	"G20_Pipe/RejectedDoesNotWithdraw":   filtersIgnored,
	"G20_Pipe/ContextEndsIt":             firstGetWaits,
	"G20_Pipe/LastOfferStands":           changedOnlyNext,
	"G20_Pipe/ContextEndsTheLastOffer":   firstGetWaits,
	"G20_Pipe/ValueEndsIt":               endSleeps,
	"G20_Pipe/BacklogOnly":               backlogWaits,
	"G20_Pipe/BeginsAnew":                firstGetWaits,
	"G22_All/YieldsValuesThenTheEnd":     causeLost,
	"G22_All/ContextEndsIt":              firstGetWaits,
	"G22_All/BacklogOnly":                backlogWaits,
	"G22_All/BreakClosesTheWatcher":      closeForgotten,
	"G22_All/OtherErrorsDoNotEndIt":      firstGetWaits,
}
