namespace CodeAgent.Benchmarks.Faults;

/// <summary>What is done to a server.</summary>
internal enum FaultKind
{
    /// <summary>SIGKILL an instance of the Api, and start it again.</summary>
    KillApi,

    /// <summary>SIGSTOP an instance of the Api for a while.</summary>
    StopApi,

    /// <summary>Cut all connections of an instance to Redis.</summary>
    CutRedis,

    /// <summary>Let nothing through between an instance and Redis for a while.</summary>
    HoldRedis,

    /// <summary>Cut all connections of clients and workers to an instance.</summary>
    CutClients,

    /// <summary>Let nothing through between clients and an instance for a while.</summary>
    HoldClients,

    /// <summary>SIGKILL Redis, and start it again with its file.</summary>
    RestartRedis,

    /// <summary>SIGKILL Redis, and start it again without its file.</summary>
    LoseRedis,

    /// <summary>SIGSTOP Redis for a while.</summary>
    StopRedis,

    /// <summary>SCRIPT FLUSH.</summary>
    ForgetScripts,

    /// <summary>CLIENT PAUSE for a while.</summary>
    PauseRedis,

    /// <summary>The clock of the second instance jumps, and back after a while.</summary>
    JumpClock,

    /// <summary>The disk of the artifacts is full for a while.</summary>
    FillDisk,
}

/// <summary>What a worker does with a lease.</summary>
internal enum LeaseScript
{
    /// <summary>What it should.</summary>
    Works,

    /// <summary>Is killed.</summary>
    Dies,

    /// <summary>Is stopped for longer than its lease lasts, and goes on.</summary>
    Pauses,

    /// <summary>Sends everything twice at the same time, to both instances.</summary>
    SendsTwice,

    /// <summary>Sends in the wrong order, and again what came before, and after its end.</summary>
    Reorders,

    /// <summary>Gives the lease back.</summary>
    GivesBack,

    /// <summary>Says that the task failed.</summary>
    Fails,

    /// <summary>Says that it failed itself.</summary>
    Errs,

    /// <summary>Leaves while it waits for a task.</summary>
    LeavesTheClaim,
}
