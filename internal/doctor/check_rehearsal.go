package doctor

import (
	"context"

	"zapis/internal/config"
	"zapis/internal/problem"
	"zapis/internal/rehearse"
)

var rehearsalChecks = []Check{{
	Code: CheckRehearsal, Area: AreaStore, Severity: Warning, Who: WhoDeveloper, DependsOn: []string{CheckVariables},
	Title:    config.T("за репетицией убрано", "the rehearsal is cleaned up"),
	Cause:    config.T("zapis rehearse прервали, и его тестовая запись может стоять в журнале салона", "zapis rehearse was interrupted, and its test record may stand in the salon's timetable"),
	WhatToDo: config.T("zapis rehearse --clean найдёт и удалит её", "zapis rehearse --clean finds and deletes it"), run: checkRehearsal,
}}

// checkRehearsal reads the journal of a rehearsal and asks nobody.
func checkRehearsal(_ context.Context, e *exam, _ int64) []Finding {
	left, err := rehearse.Pending(e.Config.DataDir)
	switch {
	case err != nil:
		return []Finding{{Found: Text{RU: err.Error(), EN: err.Error()}, Problem: problem.FolderUnusable}}
	case left != nil:
		return []Finding{{Found: config.Tf("филиал %d, начата %s, метка в комментарии записи: %s", "branch %d, begun %s, mark in the record's comment: %s", left.Branch, left.Sent.Format("2006-01-02 15:04"), left.Mark)}}
	}
	return ok(Text{})
}
