/* SPDX-License-Identifier: Apache-2.0
 * The life of a segment: create, takeover, attach, wait, close, cleanup and fencing, one statement
 * for each system call and each access to the control file. check_liveness.py defines the actors:
 *
 *   WRITERS, READERS, CLEANERS, FENCERS   how many of each
 *   LIVES, PUBLISHES, ATTEMPTS            of each writer, of each life, of each reader
 *   KILLS, MORTALS                        how many kills at most, and of which actors
 *   PATIENCE                              attempts of creators and administrators; else no limit
 *   REPLACE, FAULTS, GRACE                on_orphan, failing allocations, a cleaner that may wait
 *
 * Every other switch in capitals is a mutation: see MUTATIONS in check_liveness.py. */

#ifndef LIVES
#define LIVES 1
#endif
#ifndef PUBLISHES
#define PUBLISHES 0
#endif
#ifndef ATTEMPTS
#define ATTEMPTS 1
#endif
#ifndef GRACE
#define GRACE 0
#endif
#ifndef LOOKUPS
#define LOOKUPS 2
#endif
/* The last actor cleans up at the end. */
#define ACTORS (WRITERS + READERS + CLEANERS + FENCERS + 1)

#include "kernel.pml"
#include "teardown.pml"
#include "writer.pml"
#include "reader.pml"
#include "maintenance.pml"

#define NO_FILE (control_name == 0 && !meta_name && !unfinished_meta_name && no_data_name)

init {
  TEARDOWN_LOCALS;
  bit removes, still_read, grace, no_data_name;
  byte actor;
  atomic {
    actor = 0;
    do :: actor < WRITERS -> run Writer(actor, LIVES); actor++ :: else -> break od;
#if READERS > 0
    do :: actor < WRITERS + READERS -> run Reader(actor, ATTEMPTS); actor++ :: else -> break od;
#endif
#if CLEANERS > 0
    do :: actor < ACTORS - 1 - FENCERS -> run Cleaner(actor, GRACE); actor++ :: else -> break od;
#endif
#if FENCERS > 0
    do :: actor < ACTORS - 1 -> run Fencer(actor); actor++ :: else -> break od;
#endif
#if KILLS > 0
    run Killer()
#endif
  }
  atomic {
    ended == ACTORS - 1 ->
    no_data_name = 1;
    actor = 0;
    do :: actor < ACTORS -> no_data_name = no_data_name && data_name[actor] == 0; actor++ :: else -> break od;
    CHECK(the_last_process_removes_the_files, kills > 0 || gave_up || NO_FILE)
  }
  clean(ACTORS - 1);
  atomic {
    no_data_name = 1;
    actor = 0;
    do :: actor < ACTORS -> no_data_name = no_data_name && data_name[actor] == 0; actor++ :: else -> break od;
    CHECK(a_cleanup_leaves_no_file, NO_FILE)
  }
}

/* Under weak fairness, every actor ends. */
ltl every_actor_ends { <> (ended == ACTORS - 1) }
