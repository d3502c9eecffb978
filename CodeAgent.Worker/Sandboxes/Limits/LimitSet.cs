using CodeAgent.Worker.Configuration;

namespace CodeAgent.Worker.Sandboxes.Limits;

/// <summary>The limits of a lease; none where there is no number.</summary>
/// <param name="Memory">Bytes of memory.</param>
/// <param name="Cpus">Processors.</param>
/// <param name="Processes">Processes and threads.</param>
/// <param name="Disk">Bytes on the disk.</param>
/// <param name="File">Bytes of one file.</param>
internal sealed record LimitSet(long? Memory, double? Cpus, int? Processes, long? Disk, long? File)
{
    /// <summary>Those that are set.</summary>
    public static LimitSet Of(SandboxLimitOptions options) =>
        new(ByteSize.Parse(options.Memory), options.Cpus, options.Processes, ByteSize.Parse(options.Disk), ByteSize.Parse(options.File));

    /// <summary>As it is told about memory.</summary>
    public string MemoryText => $"a process was ended: the programs of this task may use {ByteSize.Show(Memory ?? 0)} of memory together (sandbox.limits.memory)";

    /// <summary>As it is told about processes.</summary>
    public string ProcessesText => $"a process could not be started: the programs of this task may be {Processes} processes and threads together (sandbox.limits.processes)";

    /// <summary>As it is told about the disk.</summary>
    public string DiskText => $"the command was ended: the files of this task may take {ByteSize.Show(Disk ?? 0)} (sandbox.limits.disk)";
}
