/* SPDX-License-Identifier: Apache-2.0
 * What the kernel keeps: names, files, open descriptors with their locks, sleepers. One statement,
 * or one atomic block, is one system call or one access to shared memory. */

/* A property that failed is named by the last line of the replayed trail. */
#define CHECK(name, condition) \
  if :: (condition) :: else -> printf(#name); assert(false) fi

#define EMPTY 0
#define OPEN 1
#define CLOSED 2

#define BIT(actor) (1 << (actor))

/* The control file. A lock holds the number of its holder plus one. */
typedef Control {
  byte cleanup_lock;
  byte writer_lock;
  byte names_lock;
  byte reader_locks; /* a bit for each actor */
  byte incarnation;
  byte generation;
  byte phase;
  byte current;
  byte data_pid[2]; /* 0: none. The PID of an actor is its number plus one, also after a restart */
  byte writer_pid;
  byte waiters;
  bit found_dead
};

typedef Data {
  byte generation;
  byte version
};

/* Index 0 stands for "none". An inode without a name and without a descriptor is free. */
#define INODES (ACTORS + 2)
Control control[INODES];
Data data[INODES];

/* Names. The data file's name contains the PID of its creator. */
byte control_name;
byte data_name[ACTORS];
bit meta_name;
bit unfinished_meta_name;

/* Open descriptors and mappings of each actor; 0: none. */
byte fd[ACTORS];
byte mapped[ACTORS];

/* The inode on which an actor sleeps, and whether only the timeout ends its sleep. */
byte asleep[ACTORS];
bit needs_timeout[ACTORS];

/* The real-time clock, which no two creates read alike. */
byte clock;

/* Of the properties: a writer between its create and its close, and its incarnation. */
bit opened[ACTORS];
byte token[ACTORS];

bit killed[ACTORS];
bit alive[ACTORS];
byte kills;
byte ended;
bit gave_up; /* a process lost its patience or failed: it may leave files behind */

#define is_current(me) (control_name == fd[me])
#define ours(me) control[fd[me]]
#define owns(a) (opened[a] && control[fd[a]].incarnation == token[a])
#define locked_by_other(me, lock) (ours(me).lock != 0 && ours(me).lock != me + 1)

#define try_lock(me, lock, got) \
  atomic { \
    got = !locked_by_other(me, lock); \
    if :: got -> ours(me).lock = me + 1 :: else fi \
  }

/* The kernel ignores the request if the lock is that of another descriptor. */
#define unlock(me, lock) \
  atomic { if :: ours(me).lock == me + 1 -> ours(me).lock = 0 :: else -> skip fi }

inline free_locks(a) {
  if :: control[fd[a]].cleanup_lock == a + 1 -> control[fd[a]].cleanup_lock = 0 :: else fi;
  if :: control[fd[a]].writer_lock == a + 1 -> control[fd[a]].writer_lock = 0 :: else fi;
  if :: control[fd[a]].names_lock == a + 1 -> control[fd[a]].names_lock = 0 :: else fi;
  control[fd[a]].reader_locks = control[fd[a]].reader_locks & ~BIT(a)
}

inline close_descriptor(me) {
  d_step {
    free_locks(me);
    fd[me] = 0;
    mapped[me] = 0
  }
}

inline new_control_inode(me) {
  d_step {
    i = 1;
    do
    :: i < INODES ->
      used = (control_name == i);
      j = 0;
      do :: j < ACTORS -> used = used || fd[j] == i; j++ :: else -> break od;
      if :: used -> i++ :: else -> break fi
    :: else -> assert(false)
    od;
    fd[me] = i;
    ours(me).cleanup_lock = 0;
    ours(me).writer_lock = 0;
    ours(me).names_lock = 0;
    ours(me).reader_locks = 0;
    ours(me).incarnation = 0;
    ours(me).generation = 0;
    ours(me).phase = EMPTY;
    ours(me).current = 0;
    ours(me).data_pid[0] = 0;
    ours(me).data_pid[1] = 0;
    ours(me).writer_pid = 0;
    ours(me).waiters = 0;
    ours(me).found_dead = 0;
    i = 0; j = 0; used = 0
  }
}

inline new_data_inode(me, of_generation) {
  d_step {
    i = 1;
    do
    :: i < INODES ->
      used = 0;
      j = 0;
      do :: j < ACTORS -> used = used || mapped[j] == i || data_name[j] == i; j++ :: else -> break od;
      if :: used -> i++ :: else -> break fi
    :: else -> assert(false)
    od;
    mapped[me] = i;
    data[i].generation = of_generation;
    data[i].version = 0;
    i = 0; j = 0; used = 0
  }
}

inline wake_all(inode) {
  d_step {
    j = 0;
    do
    :: j < ACTORS -> if :: inode != 0 && asleep[j] == inode -> asleep[j] = 0 :: else fi; j++
    :: else -> break
    od;
    j = 0
  }
}

/* No unlink may take a file from a writer at work: not from a successor, and not from a writer that
 * has not been fenced off. */
inline check_not_owned(me, is_file) {
  j = 0;
  do
  :: j < ACTORS ->
    CHECK(no_file_of_a_writer_at_work_is_removed, !(owns(j) && j != me && (is_file)));
    j++
  :: else -> break
  od;
  j = 0
}

#if KILLS > 0
/* Kills an actor at any of its steps. */
proctype Killer() {
  byte victim;
end:
  do
  :: atomic {
       kills < KILLS ->
       select(victim : 0 .. ACTORS - 2);
       if
       :: alive[victim] && (MORTALS & BIT(victim)) ->
         kills++;
         free_locks(victim);
         fd[victim] = 0;
         mapped[victim] = 0;
         asleep[victim] = 0;
         opened[victim] = 0;
         alive[victim] = 0;
         killed[victim] = 1
       :: else
       fi;
       victim = 0
     }
  od
}
#endif
