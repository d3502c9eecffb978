using System.Text;
using CodeAgent.LlmGateway.Calls;
using CodeAgent.LlmGateway.Configuration;
using CodeAgent.LlmGateway.Protocols;
using CodeAgent.LlmGateway.Protocols.Neutral;
using CodeAgent.LlmGateway.Providers;
using CodeAgent.LlmGateway.Telemetry;
using CodeAgent.ServiceDefaults.Problems;

namespace CodeAgent.LlmGateway.Routing;

/// <summary>
/// Asks for several answers at once, waits for all of them, and has a judge choose the one that goes to the caller, unchanged. A
/// stream is held back until then: the caller gets it in one go, with comments before. All answers are booked, and the judge's.
/// Where the judge fails, or says nothing that can be understood, the first answer is taken.
/// </summary>
internal sealed partial class BestOf(Dispatcher dispatcher, ModelCatalog catalog, ProtocolSet protocols, ILogger logger)
{
    private const int LongestQuestion = 32 * 1024;

    private const string Instruction =
        "You compare answers to a question. Judge which of them is the most correct and the most useful. Reply with its number alone.";

    /// <exception cref="CallFailedException">None of the deployments answers.</exception>
    public async Task<DispatchedAnswer> AskAsync(
        BestOfConfig config, ModelRequest request, ModelRoute route, AttemptBook book, ModelCall call, CancellationToken cancellationToken)
    {
        var asked = Enumerable.Range(0, config.Count).Select(i => TryAsync(
            request, route with { BestOf = null, Deployments = [route.Deployments[i % route.Deployments.Count]] }, book, call, cancellationToken)).ToList();
        (DispatchedAnswer? Answer, CallFailedException? Failure)[] tries;
        try
        {
            tries = await Task.WhenAll(asked);
        }
        catch
        {
            // All of them have ended by now, some perhaps well.
            foreach (var one in asked.Where(one => one.IsCompletedSuccessfully))
            {
                await DropAsync((await one).Answer);
            }

            throw;
        }

        List<DispatchedAnswer> answers = [.. tries.Select(one => one.Answer).OfType<DispatchedAnswer>()];
        if (answers.Count == 0)
        {
            throw tries[0].Failure!;
        }

        DispatchedAnswer? chosen = null;
        try
        {
            var place = answers.Count > 1 ? await JudgeAsync(config.Judge, request, answers, book, call, cancellationToken) : 0;
            cancellationToken.ThrowIfCancellationRequested();
            chosen = answers[place];
        }
        finally
        {
            foreach (var loser in answers.Where(answer => answer != chosen))
            {
                await DropAsync(loser);
            }
        }

        call.Answering(chosen.Deployment);
        return chosen;
    }

    private async Task<(DispatchedAnswer? Answer, CallFailedException? Failure)> TryAsync(
        ModelRequest request, ModelRoute route, AttemptBook book, ModelCall call, CancellationToken cancellationToken)
    {
        try
        {
            var answer = await dispatcher.AskAsync(request, route, book, call, cancellationToken);
            var isWhole = false;
            try
            {
                isWhole = await answer.ReadToEndAsync();
            }
            finally
            {
                if (!isWhole)
                {
                    answer.Attempt.IsAnswer = false;
                    answer.Attempt.Failed("upstream_broken");
                    await answer.DisposeAsync();
                }
            }

            return isWhole ? (answer, null) : (null, Broken(route, "ended its answer before it was whole."));
        }
        catch (CallFailedException e)
        {
            return (null, e);
        }
        catch (ProviderFailedException e)
        {
            return (null, Broken(route, e.Message));
        }
    }

    private static async ValueTask DropAsync(DispatchedAnswer? answer)
    {
        if (answer is not null)
        {
            answer.Attempt.IsAnswer = false;
            await answer.DisposeAsync();
        }
    }

    private async Task<int> JudgeAsync(
        string judge, ModelRequest request, List<DispatchedAnswer> answers, AttemptBook book, ModelCall call, CancellationToken cancellationToken)
    {
        try
        {
            var question = new StringBuilder("The question:\n\n").Append(Question(request));
            for (var i = 0; i < answers.Count; i++)
            {
                question.Append($"\n\nAnswer {i + 1}:\n\n").Append(Text(answers[i]));
            }

            var conversation = new Conversation
            {
                System = [new Part.Text(Instruction)],
                Messages = [new(Role.User, [new Part.Text(question.ToString())])],
            };
            var asked = new ModelRequest(Protocol.Chat, Operation.Generate, protocols[Protocol.Chat].Write(conversation, judge)) { Caller = request.Caller };
            await using var verdict = await dispatcher.AskAsync(asked, catalog.Find(judge), book, call, cancellationToken);
            verdict.Attempt.IsAnswer = false;
            var number = Text(verdict).FirstOrDefault(char.IsAsciiDigit) - '0';
            if (number >= 1 && number <= answers.Count)
            {
                return number - 1;
            }

            LogUndecided(judge);
        }
        catch (CallFailedException e)
        {
            // Not what the provider says: its words may be the caller's.
            LogNoJudge(judge, e.Failure.Kind.ToString(), e.Failure.Error.Status);
        }
        catch (ProblemException e)
        {
            LogNoJudge(judge, e.Type, e.Status);
        }

        return 0;
    }

    private string Question(ModelRequest request)
    {
        var last = protocols[request.Protocol].Read(request).Messages.LastOrDefault(message => message.Role == Role.User);
        var text = string.Concat(last?.Parts.OfType<Part.Text>().Select(part => part.Value) ?? []);
        return text.Length > LongestQuestion ? text[^LongestQuestion..] : text;
    }

    private static string Text(DispatchedAnswer answer)
    {
        List<AnswerEvent> events = [];
        var reader = answer.Protocol.Reader();
        if (answer.IsStream)
        {
            using var lines = new EventLines();
            var rest = answer.Held.Span;
            while (lines.TryRead(ref rest, out var data))
            {
                reader.Data(data, events);
            }
        }
        else
        {
            reader.Whole(answer.Held.Span, events);
        }

        return string.Concat(events.Select(one => one switch
        {
            AnswerEvent.Text text => text.Delta,
            AnswerEvent.ToolCall tool => $"\n[calls {tool.Name}] ",
            AnswerEvent.Arguments arguments => arguments.Delta,
            _ => "",
        }));
    }

    private static CallFailedException Broken(ModelRoute route, string message) =>
        new(new(route.First, FailureKind.Broken, new(StatusCodes.Status502BadGateway, "upstream_broken", message)));

    [LoggerMessage(LogLevel.Warning, "The judge {Judge} named none of the answers; the first is taken")]
    private partial void LogUndecided(string judge);

    [LoggerMessage(LogLevel.Warning, "The judge {Judge} does not answer: {Reason}, {Status}. The first answer is taken")]
    private partial void LogNoJudge(string judge, string reason, int status);
}
