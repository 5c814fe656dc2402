/* SPDX-License-Identifier: Apache-2.0
 * reader_attachment.cpp, and waiting.cpp under sequential consistency (tests/model has the orders). */

/* map_data() */
inline map_data(me, attached) {
  attached = 0;
  do
  :: lookups < LOOKUPS ->
    lookups++;
#ifdef PHASE_BEFORE_GENERATION
    if :: ours(me).phase != OPEN -> break :: else fi;
#endif
    /* look_up() */
    generation = ours(me).generation;
#ifndef PHASE_BEFORE_GENERATION
    if :: ours(me).phase != OPEN -> break :: else fi;
#endif
    current = ours(me).current;
    file_pid = ours(me).data_pid[current];
    atomic {
      mapped[me] = (file_pid == 0 -> 0 : data_name[file_pid - 1]);
      file_pid = 0;
      if
      :: mapped[me] != 0 && data[mapped[me]].generation == generation -> attached = 1; break
      :: else -> mapped[me] = 0
      fi
    }
  :: else -> break
  od;
  atomic { lookups = 0; current = 0 }
}

#define changed(me) (data[mapped[me]].version != seen || ours(me).generation != last_generation || \
                     ours(me).phase != last_phase || ours(me).found_dead != known_dead)

/* wait(): announce, look again, sleep. A sleeper that fell asleep after the change has only its
 * timeout. Every other one must be woken, unless a process that would have woken it was killed. */
inline wait_for_change(me) {
  seen = data[mapped[me]].version;
  do
  :: atomic { if :: ours(me).waiters == seen + 1 -> break :: else -> skip fi }
     if :: data[mapped[me]].version != seen -> break :: else fi;
     atomic { ours(me).waiters = seen + 1; break }
  od;
  known_dead = ours(me).found_dead;
  do
  :: atomic { if :: changed(me) -> break :: else -> skip fi }
     /* futex: not if the version has changed */
     atomic {
       if
       :: data[mapped[me]].version == seen -> asleep[me] = mapped[me]; needs_timeout[me] = changed(me)
       :: else -> break
       fi
     }
     if
     :: atomic { asleep[me] == 0 -> needs_timeout[me] = 0 }
     :: atomic { needs_timeout[me] || kills > 0 -> asleep[me] = 0; needs_timeout[me] = 0; break }
     fi
  od;
  generation_now = ours(me).generation;
  atomic {
    /* A wait that reports a publish reports nothing else. */
    reports_value = (data[mapped[me]].version != seen);
#ifndef WAIT_REMEMBERS_WHAT_IT_DOES_NOT_REPORT
    if :: reports_value -> skip :: else -> last_generation = generation_now; last_phase = ours(me).phase fi;
#else
    last_generation = generation_now; last_phase = ours(me).phase;
#endif
    generation_now = 0; seen = 0; known_dead = 0
  }
}

/* Waits and reads until the writer is gone or the segment was replaced. */
inline use_segment(me) {
  last_generation = generation;
  last_phase = OPEN;
  do
  :: wait_for_change(me);
     atomic {
       /* StateObserver::read(). A writer that is changing the names holds that lock. */
       CHECK(the_name_leads_to_the_reader,
             ours(me).generation != generation || ours(me).phase != OPEN || ours(me).names_lock != 0 ||
             ours(me).writer_lock == 0 ||
             (is_current(me) && ours(me).data_pid[ours(me).current] != 0 &&
              data_name[ours(me).data_pid[ours(me).current] - 1] == mapped[me]));
       if :: ours(me).generation != generation -> break :: else -> skip fi
     }
     if
     :: reports_value -> reports_value = 0
     :: else ->
       /* writer_state() */
       locked = (ours(me).writer_lock != 0);
       atomic {
         if :: ours(me).phase == CLOSED || !locked || ours(me).found_dead -> break :: else -> locked = 0 fi
       }
     fi
  od;
  atomic { last_generation = 0; last_phase = 0; locked = 0; reports_value = 0 }
}

/* ~ReaderAttachment() */
inline detach(me) {
#ifdef DETACH_READS_THE_PHASE_FIRST
  closed = (ours(me).phase == CLOSED);
#endif
  atomic { ours(me).reader_locks = ours(me).reader_locks & ~BIT(me) }
#ifndef DETACH_READS_THE_PHASE_FIRST
  closed = (ours(me).phase == CLOSED);
#endif
  if
  :: closed -> remove_if_closed(me)
  :: else
  fi;
  closed = 0
}

/* One attempt to attach; a reader that is attached renews its attachment once it is detached. */
inline read_segment(me) {
  atomic { fd[me] = control_name; got = (fd[me] != 0) }
  if
  :: got ->
    atomic { got = 0; ours(me).reader_locks = ours(me).reader_locks | BIT(me) }
    do
    :: attached = is_current(me);
       if :: attached -> map_data(me, attached) :: else fi;
       if :: attached -> use_segment(me) :: else -> break fi;
       /* renew() keeps the entry if the file still has its name. */
       atomic { if :: ours(me).generation != generation -> mapped[me] = 0 :: else -> break fi }
    od;
    detach(me)
  :: else
  fi;
  close_descriptor(me);
  atomic { attached = 0; generation = 0 }
}

#if READERS > 0
proctype Reader(byte me; byte attempts) {
  TEARDOWN_LOCALS;
  byte lookups, generation, current, seen, last_generation, generation_now, last_phase;
  bit reports_value, attached, known_dead, locked, closed;
  alive[me] = 1;
  {
    do
    :: attempts > 0 -> attempts--; read_segment(me)
    :: else -> break
    od;
    atomic { alive[me] = 0; ended++ }
  } unless {
    atomic { killed[me] -> killed[me] = 0; ended++ }
  }
}
#endif
