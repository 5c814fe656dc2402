/* SPDX-License-Identifier: Apache-2.0
 * cleanup.cpp and fencing.cpp. */

/* judge() and what clean() does next. With a grace, a dead writer's segment may stay. */
inline clean_locked(me) {
  removes = 1;
  if
  :: ours(me).phase == OPEN ->
    if
    :: !ours(me).found_dead ->
      ours(me).found_dead = 1;
      atomic {
        file_pid = ours(me).data_pid[ours(me).current];
        mapped[me] = (file_pid == 0 -> 0 : data_name[file_pid - 1]);
        file_pid = 0
      }
      wake_all(mapped[me])
    :: else
    fi;
    if :: grace -> removes = 0 :: true fi
  :: else ->
    atomic { if :: ours(me).reader_locks != 0 -> removes = 0; still_read = 1 :: else -> skip fi }
  fi;
  if
  :: removes ->
    atomic {
      file_pid = ours(me).data_pid[ours(me).current];
      mapped[me] = (file_pid == 0 -> 0 : data_name[file_pid - 1]);
      file_pid = 0
    }
    tear_down(me);
    wake_all(mapped[me])
  :: else
  fi;
  removes = 0
}

/* clean(): a look without a trace, then under the locks. */
inline clean(me) {
  atomic { fd[me] = control_name; got = (fd[me] != 0) }
  if
  :: got ->
    got = (ours(me).writer_lock == 0);
    close_descriptor(me);
    if
    :: got ->
      atomic { fd[me] = control_name; got = (fd[me] != 0) }
      if
      :: got ->
        got = (ours(me).writer_lock == 0);
        if
        :: got ->
          take_cleanup_lock(me, got);
          if
          :: got ->
            got = is_current(me);
            if :: got -> clean_locked(me) :: else fi;
            free_cleanup_lock(me)
          :: else
          fi;
#ifndef CLEANER_LEAVES_THE_REST
          if :: still_read && ours(me).reader_locks == 0 -> remove_if_closed(me) :: else fi;
#endif
          still_read = 0
        :: else
        fi;
        close_descriptor(me)
      :: else
      fi
    :: else
    fi
  :: else
  fi;
  got = 0
}

#if CLEANERS > 0
proctype Cleaner(byte me; bit grace) {
  TEARDOWN_LOCALS;
  bit removes, still_read;
  alive[me] = 1;
  {
    clean(me);
    atomic { alive[me] = 0; ended++ }
  } unless {
    atomic { killed[me] -> killed[me] = 0; ended++ }
  }
}
#endif

#define LOOKS 2
#define UNKNOWN 2

/* is_written(): UNKNOWN if the holder has the writer's lock only for a moment. */
inline is_written(me) {
  written = 1;
  do
  :: looks < LOOKS ->
    looks++;
    if :: ours(me).writer_lock == 0 -> written = 0; break :: else fi;
    if :: ours(me).cleanup_lock != 0 -> written = UNKNOWN; break :: else fi
  :: else -> break
  od;
  looks = 0
}

#if FENCERS > 0
/* try_to_fence_off(), until it succeeds or there is nothing. */
proctype Fencer(byte me) {
  TEARDOWN_LOCALS;
  byte written, looks, tries;
  alive[me] = 1;
  {
    do
    :: atomic { fd[me] = control_name; if :: fd[me] == 0 -> break :: else -> skip fi }
       try_lock(me, names_lock, got);
       got = got && is_current(me);
       if
       :: got ->
         is_written(me);
         if
         :: written == 0 -> unlock(me, names_lock); remove_if_closed(me); break
         :: written == 1 -> retire(me); break
         :: else
         fi
       :: else
       fi;
#if defined(PATIENCE) && !defined(RETRY_WITHOUT_END)
       if :: tries == PATIENCE -> gave_up = 1; break :: else -> tries++ fi;
#endif
       close_descriptor(me)
    od;
    close_descriptor(me);
    atomic { alive[me] = 0; ended++ }
  } unless {
    atomic { killed[me] -> killed[me] = 0; ended++ }
  }
}
#endif
