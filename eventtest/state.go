package eventtest

import "github.com/eventvalue/event"

// state returns guarantees 1 to 7.
func state() []guarantee {
	return []guarantee{
		{"G01_NoDataFirst", []rule{
			{name: "GetWaits", test: noDataGetWaits},
			{name: "BacklogIsDone", test: noDataBacklogIsDone, needs: needs(Backlog)},
			{name: "LoadHasNone", test: noDataLoad, needs: needs(canLoad)},
			{name: "NilIsData", test: nilIsData},
			{name: "ZeroIsData", test: zeroIsData},
			{name: "LoadHasNil", test: loadHasNil, needs: needs(canLoad)},
		}},
		{"G02_OneOrder", []rule{
			{name: "NoValueTwice", test: noValueTwice},
			{name: "StrictlyForwardUnderLoad", test: strictlyForward, mode: realTime},
			{name: "SameOrderForAll", test: sameOrderForAll, mode: realTime},
			{name: "NoReaderGoesBack", test: noReaderGoesBack, mode: realTime},
		}},
		{"G03_NewestWins", []rule{
			{name: "SlowWatcherSkips", test: slowWatcherSkips},
			{name: "WatchersDoNotAffectEachOther", test: watchersAreIndependent},
			{name: "NewestDuringTheCall", test: newestDuringTheCall, needs: needs(Immediate), mode: realTime},
		}},
		{"G04_NoLostWakeUp", []rule{
			{name: "ParkedGetWakes", test: parkedGetWakes},
			{name: "ManyParkedWake", test: manyParkedWake},
			{name: "AfterOthersGaveUp", test: wakesAfterOthersGaveUp},
			{name: "SetMeetsGet", test: setMeetsGet, mode: realTime},
		}},
		{"G05_FirstGet", []rule{
			{name: "SetBeforeWatch", test: setBeforeWatch},
			{name: "SetAfterWatch", test: setAfterWatch},
			{name: "NewestOfSeveral", test: firstGetOfSeveral},
			{name: "WhatOthersHaveSeen", test: firstGetOfWhatOthersHaveSeen},
		}},
		{"G06_EqualValuesCount", []rule{
			{name: "Get", test: equalValueIsGot, needs: needs(EqualValues)},
			{name: "ParkedGetWakes", test: equalValueWakes, needs: needs(EqualValues)},
			{name: "ChangedCloses", test: equalValueCloses, needs: needs(EqualValues, Changes)},
		}},
		{"G07_MemoryModel", []rule{
			{name: "Get", test: memoryOfGet, mode: onlyRace},
			{name: "Load", test: memoryOfLoad, needs: needs(canLoad), mode: onlyRace},
			{name: "Update", test: memoryOfUpdate, needs: needs(canUpdate), mode: onlyRace},
			{name: "Changed", test: memoryOfChanged, needs: needs(Changes), mode: onlyRace},
			{name: "Close", test: memoryOfClose, needs: needs(canClose), mode: onlyRace},
		}},
	}
}

func noDataGetWaits(h *harness) {
	w := h.watch()
	g := h.parked(h.Context(), w)
	h.set(1)
	g.gets(1)
}

func noDataBacklogIsDone(h *harness) {
	w := h.watch()
	h.getFails(h.Context(), w, event.BacklogDone, backlog())
	h.set(1)
	h.get(w, 1)
}

func noDataLoad(h *harness) {
	if item, ok := h.Load(); ok || item != nil {
		h.Fatalf("Load returns %v and %t before the first Set", item, ok)
	}
	h.set(1)
	if item, ok := h.Load(); !ok || item.number() != 1 {
		h.Fatalf("Load returns %v and %t, want item 1", item, ok)
	}
}

func nilIsData(h *harness) {
	w := h.watch()
	g := h.parked(h.Context(), w)
	h.Set(nil)
	g.getsNil()
	h.getWaits(w)
}

func zeroIsData(h *harness) {
	w := h.watch()
	h.set(0)
	h.get(w, 0)
	h.getWaits(w)
}

func loadHasNil(h *harness) {
	h.Set(nil)
	h.startGet(h.Context(), h.watch()).getsNil()
	if item, ok := h.Load(); !ok || item != nil {
		h.Fatalf("Load returns %v and %t after a Set of nil", item, ok)
	}
}

func noValueTwice(h *harness) {
	w := h.watch()
	for n := 1; n <= 3; n++ {
		h.set(n)
		h.get(w, n)
		h.getWaits(w)
		g := h.parked(h.Context(), w)
		h.set(10 + n)
		g.gets(10 + n)
		h.getWaits(w)
	}
}

func slowWatcherSkips(h *harness) {
	w := h.watch()
	for n := range 20 {
		h.set(n)
	}
	h.get(w, 19)
	h.getWaits(w)
}

func watchersAreIndependent(h *harness) {
	idle, slow, quick := h.watch(), h.watch(), h.watch()
	for n := range 10 {
		h.set(n)
		h.get(quick, n)
		if n%3 == 0 {
			h.get(slow, n)
		}
	}
	h.get(idle, 9)
	h.getWaits(slow)
}

func parkedGetWakes(h *harness) {
	w := h.watch()
	for n := 1; n <= 5; n++ {
		g := h.parked(h.Context(), w)
		h.set(n)
		g.gets(n)
	}
}

func manyParkedWake(h *harness) {
	var gets []*getCall
	for range many {
		gets = append(gets, h.startGet(h.Context(), h.watch()))
	}
	h.waitIdle()
	h.set(1)
	for _, g := range gets {
		g.gets(1)
	}
}

func setBeforeWatch(h *harness) {
	h.set(1)
	h.get(h.watch(), 1)
}

func setAfterWatch(h *harness) {
	w := h.watch()
	h.set(1)
	h.get(w, 1)
}

func firstGetOfSeveral(h *harness) {
	h.set(1, 2)
	w := h.watch()
	h.set(3)
	h.get(w, 3)
	h.getWaits(w)
}

func firstGetOfWhatOthersHaveSeen(h *harness) {
	h.set(1)
	w := h.watch()
	h.get(w, 1)
	h.getWaits(w)
	_ = w.Close()
	h.get(h.watch(), 1)
}

func equalValueIsGot(h *harness) {
	w := h.watch()
	same := &Item{N: 7}
	for range 3 {
		h.Set(same)
		h.get(w, 7)
		h.set(7)
		h.get(w, 7)
		h.getWaits(w)
	}
}

func equalValueWakes(h *harness) {
	w := h.watch()
	h.set(7)
	h.get(w, 7)
	for range 3 {
		g := h.parked(h.Context(), w)
		h.set(7)
		g.gets(7)
	}
}

func equalValueCloses(h *harness) {
	w := h.watch()
	h.set(7)
	h.get(w, 7)
	changed := w.Changed()
	h.open(changed)
	h.set(7)
	h.closes(changed)
}
