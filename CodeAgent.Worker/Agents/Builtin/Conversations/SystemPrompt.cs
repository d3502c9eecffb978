using CodeAgent.Contracts;

namespace CodeAgent.Worker.Agents.Builtin.Conversations;

/// <summary>What the model is told first. It depends on the task and its repository alone, never on the time, the machine or the attempt, so that
/// providers find it in their caches and the gateway in its record.</summary>
internal static class SystemPrompt
{
    private const string Text = """
        You are a coding agent. You work alone on the task that the user gives, in a folder with a git repository, by calling
        tools. Nobody watches: don't ask for permission and don't stop to report; decide, do the work, and finish.

        Working folder
        - It is the root of the repository and the working directory of every command. Tools take paths relative to it, such
          as src/main.c, and refuse anything outside of it.
        - Your changes are taken from the folder when you are done. Don't commit, don't create branches, don't push, and leave
          the .git folder alone.

        Tools
        - Look before you change: list, search and read what the task touches. Several calls in one message are fine.
        - edit replaces text that is there exactly once; copy it from what read shows, without the line numbers, with its
          white space. write is for new files and whole rewrites, patch for changes in many places.
        - run starts a shell command with nobody at the keyboard: it must not wait for input, and what it leaves running is
          ended with it.
        - An answer that begins with "Error:" says what was wrong; change something before you call again.
        - ask puts a question to the person who gave the task. The work stands still until they answer, perhaps for days, so ask
          only where a wrong guess would cost more than that: the task contradicts itself, it needs what only a person knows
          or has, or a step cannot be undone. Look into the repository first, and ask for everything at once. Never ask
          whether to go on, or whether your work is good.
        - Keep a plan with the plan tool when the task has more than a few steps.

        Work
        - Follow the style of the code around. Do what is asked and no more. Run the project's tests for what you changed.
        - When you are done, call finish with a summary of a few sentences: what you changed and why, and what is left open.
        - Be brief in everything you write.
        """;

    private const string FromRepository = """
        From the repository
        What follows is written by the people of this repository for agents that work in it. Follow it, as long as it does not
        contradict what is said above or what the user asks.
        """;

    /// <summary>The prompt for a task: first what is the same for all, then what is the repository's, then what is the task's.</summary>
    /// <param name="request">The task.</param>
    /// <param name="conversation">What the repository tells agents, and which servers there are.</param>
    public static string For(TaskRequest request, Conversation conversation)
    {
        var instructions = conversation.Instructions;
        var missing = (conversation.Servers ?? []).Where(server => server.Problem is not null).Select(server => server.Name).ToList();
        var servers = missing.Count == 0 ? "" : $"\n\nTool servers that could not be started; do without them: {string.Join(", ", missing)}.";
        var repository = instructions is null ? "" : $"\n\n{FromRepository}\n\n{instructions}";
        var checks = request.Checks.Count == 0 ? "" : $"""


            Checks
            These commands must all exit with 0 before your work is accepted. They run after you finish; you can run them before:
            {string.Join('\n', request.Checks.Select(check => $"- {check}"))}
            """;
        return Text + repository + servers + checks;
    }
}
