namespace CodeAgent.Worker.Sandboxes.Containers;

/// <summary>Labels of the containers of workers.</summary>
internal static class ContainerLabels
{
    /// <summary>The worker's mark.</summary>
    public const string Worker = "codeagent.worker";

    /// <summary>The task.</summary>
    public const string Task = "codeagent.task";
}
