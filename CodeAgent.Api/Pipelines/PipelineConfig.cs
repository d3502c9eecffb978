using CodeAgent.Contracts;

namespace CodeAgent.Api.Pipelines;

/// <summary>The file <c>config/pipelines.yaml</c>.</summary>
internal sealed class PipelineFile
{
    /// <summary>Pipelines by the name that a task's <c>type</c> has. <c>direct</c> is there without being here.</summary>
    public Dictionary<string, PipelineConfig> Pipelines { get; set; } = [];
}

/// <summary>A named list of steps.</summary>
internal sealed class PipelineConfig
{
    /// <summary>The step whose summary is that of the task; the last one with an agent where it is left out.</summary>
    public string? Summary { get; set; }

    /// <summary>1 to 20 steps, in order.</summary>
    public List<StepConfig> Steps { get; set; } = [];
}

/// <summary>A step.</summary>
internal sealed class StepConfig
{
    /// <summary>Small letters, digits and dashes; unique in the pipeline, and none of <see cref="PromptTemplate.Known"/>.</summary>
    public string Name { get; set; } = "";

    /// <summary>What its agent is told; see <see cref="PromptTemplate"/>. Left out, the step has only checks.</summary>
    public string? Prompt { get; set; }

    /// <summary>Who does it; the task's agent where it is left out.</summary>
    public string? Agent { get; set; }

    /// <summary>Its model; the task's where it is left out and the agent is the task's.</summary>
    public string? Model { get; set; }

    /// <summary>Shell commands; <c>{checks}</c> stands for those of the task.</summary>
    public List<string> Checks { get; set; } = [];

    /// <summary>Where it stops, done or not.</summary>
    public StepLimitsConfig Limits { get; set; } = new();

    /// <summary>Whether its agent must give a verdict. Only the built-in agent can.</summary>
    public bool Verdict { get; set; }

    /// <summary>Whether what a step with a verdict does to the files stays. Otherwise it only judges, and the files are as before it.</summary>
    public bool KeepsChanges { get; set; }

    /// <summary>When it is run.</summary>
    public StepWhen When { get; set; }

    /// <summary>What happens when it fails.</summary>
    public StepFailure OnFailure { get; set; }

    /// <summary>An earlier step, or itself.</summary>
    public string? BackTo { get; set; }

    /// <summary>How often it goes back. 1 to 20, 1 by default.</summary>
    public int AtMost { get; set; } = 1;
}

/// <summary>See <see cref="StepLimits"/>.</summary>
internal sealed class StepLimitsConfig
{
    /// <summary>Model turns.</summary>
    public int? Turns { get; set; }

    /// <summary>Tokens.</summary>
    public long? Tokens { get; set; }

    /// <summary>US dollars.</summary>
    public decimal? CostUsd { get; set; }
}
