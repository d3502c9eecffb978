using System.ClientModel;
using System.Globalization;
using System.Text.Json;
using CodeAgent.Contracts;
using Microsoft.Extensions.AI;

namespace CodeAgent.Worker.Agents.Builtin.Models;

/// <summary>Asks the model for one turn at a time, and tries again what fails for a passing reason.</summary>
internal sealed partial class ModelClient(IChatClient chat, TurnKeyPolicy turnKey, BuiltinAgentOptions options, TimeProvider time, ILogger<ModelClient> log) : IDisposable
{
    // A key is used for one payload. Messages that came in between make another one; more often than this it is something else.
    private const int MostPayloads = 5;

    /// <summary>Asks for a turn. Every try has the same key, so that the gateway answers at most one of them from the provider.</summary>
    /// <exception cref="ModelException">It cannot be had, now or later.</exception>
    public async Task<ModelAnswer> AskAsync(string key, IReadOnlyList<ChatMessage> messages, ChatOptions chatOptions, CancellationToken cancellationToken)
    {
        var payload = 1;
        var pause = options.FirstPause;
        long? failingSince = null;
        while (true)
        {
            turnKey.Key = payload == 1 ? key : string.Create(CultureInfo.InvariantCulture, $"{key}.{payload}");
            PassingFailure failure;
            try
            {
                return await ReadAsync(messages, chatOptions, cancellationToken);
            }
            catch (Exception e) when (e is not OperationCanceledException && cancellationToken.IsCancellationRequested)
            {
                // A connection that is cut because of it fails in a way of its own.
                throw new OperationCanceledException(e.Message, e, cancellationToken);
            }
            catch (ClientResultException e) when (GatewayProblem.IsReusedKey(e) && payload < MostPayloads)
            {
                payload++;
                continue;
            }
            catch (Exception e) when (!cancellationToken.IsCancellationRequested && PassingFailure.From(e, time) is { } passing)
            {
                failure = passing;
            }
            catch (ClientResultException e)
            {
                throw GatewayProblem.Explain(e);
            }
            catch (Exception e) when (e is JsonException or ArgumentException or FormatException)
            {
                throw new ModelException(FailureCodes.ModelFailed, $"The model's answer does not follow the protocol: {e.Message}", e);
            }

            failingSince ??= time.GetTimestamp();
            var wait = failure.RetryAfter ?? pause * (0.75 + (Random.Shared.NextDouble() / 2));
            if (time.GetElapsedTime(failingSince.Value) + wait > options.RetryFor)
            {
                throw new ModelException(FailureCodes.ModelFailed, failure.Message);
            }

            TryingAgain(log, turnKey.Key, wait.TotalSeconds, failure.Message);
            await Task.Delay(wait, time, cancellationToken);
            pause = pause * 2 < options.LongestPause ? pause * 2 : options.LongestPause;
        }
    }

    public void Dispose() => chat.Dispose();

    private async Task<ModelAnswer> ReadAsync(IReadOnlyList<ChatMessage> messages, ChatOptions chatOptions, CancellationToken cancellationToken)
    {
        var updates = new List<ChatResponseUpdate>();
        await foreach (var update in chat.GetStreamingResponseAsync(messages, chatOptions, cancellationToken))
        {
            if (GatewayProblem.InStream(update) is { } problem)
            {
                throw ContextOverflowException.Says(null, problem)
                    ? new ContextOverflowException($"The conversation is too long for the model: {problem}")
                    : new IOException($"The answer broke off: {problem}");
            }

            updates.Add(update);
        }

        // A connection that is closed politely in mid-answer looks like its end; only the reason to finish tells them apart.
        return updates.Any(update => update.FinishReason is not null)
            ? ModelAnswer.From(updates)
            : throw new IOException("The answer broke off before its end.");
    }

    [LoggerMessage(LogLevel.Warning, "Turn {Key}: asking again in {Seconds:0.0} s: {Reason}")]
    private static partial void TryingAgain(ILogger log, string key, double seconds, string reason);
}
