/* SPDX-License-Identifier: Apache-2.0
 * control.cpp, own_control.cpp, writer_attachment.cpp. */

#define FAILED 0
#define CREATED 1
#define BUSY 2

#define peer(me) (1 - (me)) /* the other writer */

/* lock_to_create() */
inline lock_to_create(me, got) {
  try_lock(me, cleanup_lock, got);
  if
  :: got ->
#ifdef CREATE_WITHOUT_THE_NAMES_LOCK
    try_lock(me, writer_lock, got);
#elif defined(CREATE_WITHOUT_THE_WRITERS_LOCK)
    try_lock(me, names_lock, got);
#else
    lock_to_change(me, got);
#endif
    unlock(me, cleanup_lock)
  :: else
  fi
}

/* make_control(): the file has its locks before it has a name. */
inline make_control(me, got) {
  new_control_inode(me);
#ifdef NAME_BEFORE_LOCKS
  atomic {
    got = (control_name == 0);
    if :: got -> control_name = fd[me] :: else fi
  }
#endif
  d_step { ours(me).writer_lock = me + 1; ours(me).names_lock = me + 1 }
#ifndef NAME_BEFORE_LOCKS
  atomic {
    got = (control_name == 0);
    if :: got -> control_name = fd[me] :: else fi
  }
#endif
}

/* lock_control(): a creator that is not patient gives up at any attempt. */
inline lock_control(me) {
  result = FAILED;
  do
  :: atomic {
       fd[me] = control_name;
       made = (fd[me] == 0)
     }
     if
     :: made -> make_control(me, got)
     :: else -> lock_to_create(me, got)
     fi;
#ifdef LOCK_WITHOUT_CHECKING_THE_NAME
     if :: got -> result = CREATED; break :: else fi;
#else
     atomic { if :: got && is_current(me) -> result = CREATED; break :: else -> skip fi }
#endif
     if
     :: !got && !made ->
       /* is_being_changed(), names_live_writer() */
       atomic { changes = locked_by_other(me, cleanup_lock) }
       atomic { changes = changes || locked_by_other(me, names_lock) }
       if
       :: !changes ->
         atomic { if :: ours(me).writer_pid != 0 && ours(me).phase == OPEN -> result = BUSY; break :: else -> skip fi }
       :: else
       fi
     :: else
     fi;
#if defined(PATIENCE) && !defined(RETRY_WITHOUT_END)
     if
     :: tries == PATIENCE -> atomic { gave_up = 1; result = BUSY; break }
     :: else -> tries++
     fi;
#endif
     close_descriptor(me);
     atomic { got = 0; changes = 0 }
  od;
  atomic { got = 0; changes = 0; made = 0; tries = 0 }
}

/* begin_incarnation() */
inline begin_incarnation(me) {
  ours(me).writer_pid = 0;
  atomic {
    CHECK(one_writer_at_work, !owns(peer(me)) || fd[peer(me)] != fd[me]);
    clock++; token[me] = clock; ours(me).incarnation = clock
  }
  ours(me).found_dead = 0;
  ours(me).writer_pid = me + 1
}

/* find_in_place(): the file is there, and of this generation. */
inline find_in_place(me, found) {
  atomic {
    file_pid = ours(me).data_pid[ours(me).current];
    mapped[me] = (file_pid == 0 -> 0 : data_name[file_pid - 1]);
    found = (mapped[me] != 0 && data[mapped[me]].generation == ours(me).generation);
    if :: !found -> mapped[me] = 0 :: else fi;
    file_pid = 0
  }
}

/* name_data_file() */
inline name_data_file(me) {
#ifndef LINK_BEFORE_RECORD
  ours(me).data_pid[1 - ours(me).current] = me + 1;
#endif
  /* A data file of this name is that of an earlier process with our PID. */
  data_name[me] = 0;
  data_name[me] = mapped[me];
#ifdef LINK_BEFORE_RECORD
  ours(me).data_pid[1 - ours(me).current] = me + 1;
#endif
}

/* make_data_file(). An allocation may fail. */
inline make_data_file(me, done) {
  done = 1;
#ifdef FAULTS
  if :: done = 0; gave_up = 1 :: true fi;
#endif
  if
  :: done ->
#ifdef EVERY_FILE_HAS_THE_SAME_GENERATION
    new_data_inode(me, 1);
#else
    new_data_inode(me, token[me]);
#endif
    name_data_file(me);
    ours(me).generation = data[mapped[me]].generation;
    atomic { ours(me).current = 1 - ours(me).current }
    ours(me).phase = OPEN;
    if
    :: ours(me).data_pid[0] == ours(me).data_pid[1] -> ours(me).data_pid[1 - ours(me).current] = 0
    :: else -> remove_data_file(me, 1 - ours(me).current)
    fi
  :: else
  fi
}

/* open_or_make(), with the locks held. `done`: there is a writer to return. */
inline open_or_make(me, done) {
  orphan = (ours(me).phase == OPEN);
  remove_data_file(me, 1 - ours(me).current);
  done = 0;
  if :: orphan && takes_over -> find_in_place(me, done) :: else fi;
  begin_incarnation(me);
  if
  :: !done ->
    make_data_file(me, done);
    if
    :: !done && !orphan -> ours(me).writer_pid = 0; tear_down(me)
    :: else
    fi
  :: else
  fi;
  if
  :: done ->
    /* write_meta(): replace_text() */
    unfinished_meta_name = 0;
    unfinished_meta_name = 1;
    atomic { unfinished_meta_name = 0; meta_name = 1 }
  :: else
  fi;
  orphan = 0
}

/* ~WriterAttachment() */
inline close_writer(me) {
  atomic {
    opened[me] = 0;
    fenced = (ours(me).incarnation != token[me])
  }
  if
  :: !fenced ->
    ours(me).writer_pid = 0;
    ours(me).phase = CLOSED;
#ifndef CLOSE_WAKES_NOBODY
    wake_all(mapped[me]);
#endif
#ifdef CLOSE_WITHOUT_THE_NAMES_LOCK
    got = 1;
#else
    try_lock(me, names_lock, got);
#endif
    if :: got -> tear_down(me) :: else fi
  :: else
  fi;
  atomic { got = 0; fenced = 0 }
}

/* StatePublisher::publish(), wake_waiters() */
inline publish(me) {
  if
  :: ours(me).incarnation == token[me] ->
    data[mapped[me]].version = data[mapped[me]].version + 1;
    if
    :: ours(me).waiters != 0 ->
      atomic {
        if
        :: ours(me).waiters != data[mapped[me]].version + 1 -> ours(me).waiters = 0
        :: else -> skip
        fi
      }
      wake_all(mapped[me])
    :: else
    fi
  :: else
  fi
}

/* One life of a writer: create, publish, close. */
inline write_segment(me) {
  lock_control(me);
  if
  :: result == CREATED ->
    open_or_make(me, done);
    if
    :: done ->
      atomic {
        opened[me] = 1;
        CHECK(one_writer_at_work, !owns(peer(me)));
        CHECK(the_name_leads_to_the_writer, !owns(me) || (is_current(me) &&
              ours(me).data_pid[ours(me).current] != 0 &&
              data_name[ours(me).data_pid[ours(me).current] - 1] == mapped[me]))
      }
      unlock(me, names_lock);
      do :: published < PUBLISHES -> publish(me); published++ :: else -> published = 0; break od;
      close_writer(me)
    :: else
    fi
  :: else
  fi;
  close_descriptor(me);
  result = 0; done = 0
}


proctype Writer(byte me; byte lives) {
  TEARDOWN_LOCALS;
  byte result, published, tries;
  bit made, changes, done, orphan, fenced, takes_over;
  do
  :: lives > 0 ->
    atomic {
      lives--;
      alive[me] = 1;
#ifdef REPLACE
      if :: takes_over = 0 :: takes_over = 1 fi
#else
      takes_over = 1
#endif
    }
    {
      write_segment(me);
      atomic { alive[me] = 0 }
    } unless {
      atomic {
        killed[me] ->
        killed[me] = 0;
        file_pid = 0; exists = 0; other = 0; is_ours = 0; read = 0; got = 0; gone = 0; raised = 0;
        result = 0; published = 0; tries = 0; made = 0; changes = 0; done = 0; orphan = 0; fenced = 0
      }
    }
  :: else -> break
  od;
  atomic { takes_over = 0; ended++ }
}
