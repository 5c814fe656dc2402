/* SPDX-License-Identifier: Apache-2.0
 * data_file.cpp, segment_files.cpp, teardown.cpp. Each proctype declares the locals that these use. */

/* remove_data_file(). `other` is find_other_user(): only a control file that is not ours can name
 * another user of the name. */
inline remove_data_file(me, index) {
  atomic {
    file_pid = ours(me).data_pid[index];
    exists = 0;
    if :: file_pid != 0 -> exists = (data_name[file_pid - 1] != 0) :: else fi
  }
  atomic {
    other = 0;
    if
    :: exists && control_name != 0 && !is_current(me) ->
      other = (control[control_name].data_pid[0] == file_pid || control[control_name].data_pid[1] == file_pid) &&
              (control[control_name].writer_lock != 0 || control[control_name].phase == OPEN)
    :: else
    fi
  }
#ifdef FORGET_BEFORE_UNLINK
  ours(me).data_pid[index] = 0;
#endif
  atomic {
    if
    :: exists && !other && data_name[file_pid - 1] != 0 ->
      check_not_owned(me, data_name[file_pid - 1] == mapped[j]);
      data_name[file_pid - 1] = 0
    :: else -> skip
    fi
  }
  atomic { ours(me).data_pid[index] = 0; file_pid = 0; exists = 0; other = 0 }
}

inline unlink_control(me, gone) {
  atomic {
    gone = (control_name != 0);
    check_not_owned(me, control_name == fd[j]);
    control_name = 0
  }
}

/* remove_files() */
inline remove_files(me, is_ours) {
#ifdef CONTROL_FILE_FIRST
  unlink_control(me, gone);
#endif
  remove_data_file(me, 0);
  remove_data_file(me, 1);
#ifdef REMOVE_WITHOUT_CHECKING_THE_NAME
  is_ours = 1;
#else
  is_ours = is_current(me);
#endif
  if
  :: is_ours ->
    atomic { check_not_owned(me, meta_name && control_name == fd[j]); meta_name = 0 }
    unfinished_meta_name = 0
  :: else
  fi
}

inline lock_to_change(me, got) {
  try_lock(me, writer_lock, got);
  if
  :: got ->
    try_lock(me, names_lock, got);
    if :: !got -> unlock(me, writer_lock) :: else fi
  :: else
  fi
}

/* lock_rest(), is_left_behind() */
inline lock_rest(me, got) {
  do
  :: lock_to_change(me, got);
     if :: got -> break :: else fi;
#ifdef GIVE_UP_AT_A_LOCK
     break;
#endif
     if :: locked_by_other(me, writer_lock) -> break :: else fi;
     if :: locked_by_other(me, names_lock) -> break :: else fi;
     if :: (ours(me).reader_locks & ~BIT(me)) != 0 -> break :: else fi;
     if :: ours(me).phase != CLOSED -> break :: else fi;
     if :: !is_current(me) -> break :: else fi
  od
}

/* CleanupLock::take() */
inline take_cleanup_lock(me, got) {
  try_lock(me, cleanup_lock, got);
  lock_rest(me, got);
  if :: !got -> unlock(me, cleanup_lock) :: else fi
}

/* CleanupLock::~CleanupLock() */
inline free_cleanup_lock(me) {
  unlock(me, names_lock);
  unlock(me, writer_lock);
  unlock(me, cleanup_lock)
}

/* tear_down(). The locks are held. */
inline tear_down(me) {
  ours(me).phase = CLOSED;
  do
  :: remove_files(me, is_ours);
#ifdef UNLOCK_BEFORE_UNLINK
     unlock(me, names_lock);
     unlock(me, writer_lock);
#endif
     read = (ours(me).reader_locks & ~BIT(me)) != 0;
     if
     :: is_ours && !read ->
       ours(me).generation = ours(me).generation + 1;
       unlink_control(me, gone)
     :: else
     fi;
     unlock(me, names_lock);
     unlock(me, writer_lock);
#ifdef NO_SECOND_LOOK_AT_READERS
     break;
#endif
     atomic {
       if
       :: !is_ours || !read || (ours(me).reader_locks & ~BIT(me)) != 0 -> break
       :: else -> skip
       fi
     }
     lock_rest(me, got);
     if :: !got || ours(me).phase == OPEN -> break :: else fi
  od;
  is_ours = 0; read = 0; got = 0; gone = 0
}

/* remove_if_closed() */
inline remove_if_closed(me) {
  take_cleanup_lock(me, got);
  if
  :: got ->
    got = is_current(me);
    if :: got && ours(me).phase == CLOSED -> tear_down(me) :: else fi;
    free_cleanup_lock(me)
  :: else
  fi;
  got = 0
}

#define TEARDOWN_LOCALS byte file_pid; bit exists, other, is_ours, read, got, gone; byte i, j, raised; bit used

/* retire(). Called with the names lock held. */
inline retire(me) {
  /* map_header() */
  atomic {
    file_pid = ours(me).data_pid[ours(me).current];
    mapped[me] = (file_pid == 0 -> 0 : data_name[file_pid - 1]);
    file_pid = 0
  }
  /* S1 */
  atomic {
    clock++;
    raised = clock;
#ifndef FENCING_KEEPS_THE_TOKEN
    ours(me).incarnation = raised
#endif
  }
  /* S2 */
#ifndef FENCING_TELLS_NO_READER
  ours(me).phase = CLOSED;
#endif
  /* S3 */
#ifndef FENCING_TELLS_NO_READER
  ours(me).generation = raised;
#endif
#ifndef FENCING_WAKES_NOBODY
  wake_all(mapped[me]);
#endif
  /* S4 */
  remove_files(me, is_ours);
  /* S5 */
  if :: is_ours -> unlink_control(me, gone) :: else fi;
  is_ours = 0; gone = 0; raised = 0
}
