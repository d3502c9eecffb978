using System.Text.Json;
using CodeAgent.LlmGateway.Calls;
using CodeAgent.LlmGateway.Protocols;
using CodeAgent.LlmGateway.Providers;
using CodeAgent.LlmGateway.Providers.Http;
using CodeAgent.ServiceDefaults.Problems;

namespace CodeAgent.LlmGateway.Routing;

/// <summary>
/// Asks one deployment once, up to the first content of a stream or to the end of another answer: until then a failure is one
/// that somebody else can make good, and the caller has seen nothing of it.
/// </summary>
internal sealed class AttemptRunner(ModelProviders providers, ProtocolSet protocols, DeploymentStates states, TimeProvider time, ILogger<AttemptRunner> logger)
{
    // A stream that says so much without any content is not understood here; it is not kept from the caller any longer.
    private const int MostHeld = 1024 * 1024;

    // Far more than any answer of a model has.
    private const int LongestHeld = 64 * 1024 * 1024;

    /// <exception cref="OperationCanceledException">The caller left.</exception>
    public async ValueTask<AttemptResult> RunAsync(ModelRequest request, Deployment deployment, AttemptBook book, CancellationToken cancellationToken)
    {
        UpstreamRequest upstream;
        try
        {
            upstream = UpstreamRequestFor(request, deployment);
        }
        catch (ProblemException e)
        {
            // Nobody was asked, and another deployment may have words for it.
            return new AttemptFailure(deployment, FailureKind.NotHere, new(e.Status, e.Type.Replace('-', '_'), e.Message, e.Field));
        }

        var attempt = book.Begin(deployment, request);
        attempt.MayBeBilled = request.Operation != Operation.CountTokens;
        await using var begin = new Beginning(request, protocols[upstream.Protocol], protocols[request.Protocol], deployment, states.Of(deployment), attempt, time, logger);
        try
        {
            return await begin.RunAsync(limit => providers.Get(upstream, deployment).AskAsync(upstream, deployment, limit), cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            attempt.Failed("left");
            attempt.Ended();
            throw;
        }
    }

    private UpstreamRequest UpstreamRequestFor(ModelRequest request, Deployment deployment)
    {
        var protocol = deployment.Provider.ProtocolFor(request.Protocol);
        if (protocol == request.Protocol || request.Operation == Operation.CountTokens)
        {
            // A stream of chat completions says what it used only where it is asked for that; without, nobody could book it.
            return new(request, request.Protocol, deployment.UpstreamModel, request.With(deployment.UpstreamModel, deployment.Provider.StreamUsage && AsksForUsage(request)));
        }

        return request.Operation == Operation.Generate
            ? deployment.Provider.Translate(request, protocols, deployment.UpstreamModel)
            : throw NotExpressible.Of("model", $"Its provider has no embeddings in the protocol {request.Protocol}.");
    }

    /// <summary>Whether the gateway asks on its own account what a stream uses; the caller does not see the answer to that.</summary>
    public static bool AsksForUsage(ModelRequest request) =>
        request is { Protocol: Protocol.Chat, Operation: Operation.Generate, IsStream: true, AsksForUsage: false };

    /// <summary>What is open while an answer begins; closed again, unless it went well.</summary>
    private sealed class Beginning(
        ModelRequest request, IProtocol protocol, IProtocol caller, Deployment deployment, DeploymentHealth health, Attempt attempt, TimeProvider time, ILogger logger)
        : IAsyncDisposable
    {
        private readonly PooledBuffer _held = new(4 * 1024);
        private ProviderAnswer? _answer;
        private IAsyncEnumerator<ReadOnlyMemory<byte>>? _pieces;
        private AnswerTap? _tap;
        private AnswerTranslation? _translation;
        private PooledBuffer? _translated;
        private CancellationTokenSource? _limits;
        private DispatchedAnswer? _begun;

        public async ValueTask<AttemptResult> RunAsync(Func<CancellationToken, Task<ProviderAnswer>> ask, CancellationToken cancellationToken)
        {
            var limits = _limits = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            var limit = request.IsStream ? deployment.Provider.FirstTokenTimeout : deployment.Provider.AnswerTimeout;
            limits.CancelAfter(limit);
            health.Load.Begin();
            try
            {
                _answer = await ask(limits.Token);
                attempt.Status = _answer.Status;
                if (_answer.Status is < 200 or > 299)
                {
                    return Failed(Refusal(_answer));
                }

                if (_answer.IsEncoded)
                {
                    return Failed(Broken(FailureKind.Invalid, "upstream-invalid", "answered in an encoding that it was not asked for"));
                }

                _tap = new(protocol.Watch(), _answer.IsStream);
                attempt.Watch = _tap.Watch;
                _pieces = _answer.ReadAsync(limits.Token).GetAsyncEnumerator(limits.Token);
                var isWhole = await HoldAsync(_tap, _pieces, _answer.IsStream);
                if ((Problem(_tap, _answer.IsStream, isWhole) ?? Translate(_tap, _answer.IsStream, isWhole)) is { } problem)
                {
                    return Failed(problem);
                }

                // From here on only silence is limited: nobody knows how much a model has to say.
                limits.CancelAfter(Timeout.InfiniteTimeSpan);
                Observe();
                return _begun = new(_answer, protocol, deployment, health, attempt, _tap, _held, _pieces, limits)
                {
                    IsWhole = isWhole,
                    Translation = _translation,
                    Translated = _translated,
                };
            }
            catch (OperationCanceledException) when (limits.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
            {
                health.Load.Observe(limit);
                return Failed(Broken(FailureKind.TimedOut, "upstream-timeout", $"did not {(request.IsStream ? "begin to " : "")}answer within {HttpProvider.Text(limit)}"));
            }
            catch (ProviderFailedException e)
            {
                attempt.MayBeBilled &= e.Kind is not (FailureKind.Unreachable or FailureKind.KeyRefused);
                var status = e.Kind == FailureKind.TimedOut || e.Code == "upstream-timeout" ? StatusCodes.Status504GatewayTimeout : StatusCodes.Status502BadGateway;
                return Failed(new(deployment, e.Kind, new(status, e.Code.Replace('-', '_'), e.Message)));
            }
        }

        public async ValueTask DisposeAsync()
        {
            if (_begun is not null || _limits is not { } limits)
            {
                return;
            }

            // Ends the request at the provider, where it is still under way.
            health.Load.End();
            await limits.CancelAsync();
            if (_pieces is not null)
            {
                await _pieces.DisposeAsync();
            }

            if (_answer is not null)
            {
                await _answer.DisposeAsync();
            }

            _tap?.Dispose();
            _translation?.Dispose();
            _translated?.Dispose();
            _held.Dispose();
            limits.Dispose();
        }

        /// <returns>Whether the answer came to its end.</returns>
        private async ValueTask<bool> HoldAsync(AnswerTap tap, IAsyncEnumerator<ReadOnlyMemory<byte>> pieces, bool isStream)
        {
            while (await pieces.MoveNextAsync())
            {
                tap.Add(pieces.Current.Span);
                if (isStream)
                {
                    _held.Append(pieces.Current.Span);
                    if (IsEnough(tap.Watch))
                    {
                        return false;
                    }
                }
            }

            tap.End();
            return true;
        }

        // Who wants no stream sees nothing of one before its end.
        private bool IsEnough(AnswerWatch watch) => request.IsStream
            ? watch.HasContent || watch.Error is not null || _held.Length > MostHeld
            : _held.Length > LongestHeld;

        /// <summary>Says what is there by now in the caller's protocol, so that what cannot be said there is known while somebody else can still answer.</summary>
        private AttemptFailure? Translate(AnswerTap tap, bool isStream, bool isWhole)
        {
            if (request.Operation != Operation.Generate || (protocol.Name == caller.Name && isStream == request.IsStream))
            {
                return null;
            }

            _translation = new(protocol.Reader(), caller.Writer(request), isStream, logger);
            _translated = new(4 * 1024);
            _translation.Add(isStream ? _held.Memory.Span : tap.Whole.Span, _translated);
            if (isWhole)
            {
                _translation.End(_translated);
            }

            // It may have been billed: unlike an error that comes alone, it is asked for once more at most.
            return _translation.Error is not { } error ? null
                : FailureRules.Within(deployment, error) is { Kind: FailureKind.Overloaded } invalid ? invalid with { Kind = FailureKind.Invalid }
                : FailureRules.Within(deployment, error);
        }

        private AttemptFailure? Problem(AnswerTap tap, bool isStream, bool isWhole) => tap.Watch switch
        {
            { Error: { } error, HasContent: false } => FailureRules.Within(deployment, error),
            _ when tap.IsTooLong => Broken(FailureKind.Invalid, "upstream-invalid", "gave an answer that is too long"),
            { IsComplete: false } when isStream && isWhole => Broken(FailureKind.Broken, "upstream-broken", "ended its answer before it was whole"),
            { IsComplete: false } when !isStream && (request.Operation == Operation.Generate || !IsJson(tap.Whole.Span)) =>
                Broken(FailureKind.Invalid, "upstream-invalid", "gave an answer that is not whole, or not valid"),
            _ => null,
        };

        private void Observe()
        {
            attempt.Content();
            health.Load.Observe(attempt.Elapsed);
            if (request.IsStream)
            {
                health.FirstTokens.Add(attempt.Elapsed);
            }
        }

        private AttemptFailure Refusal(ProviderAnswer answer) =>
            FailureRules.Status(deployment, answer, answer is WholeAnswer whole ? whole.Body.Span : [], protocol, time.GetUtcNow());

        private AttemptFailure Broken(FailureKind kind, string code, string what) => new(deployment, kind,
            new(kind == FailureKind.TimedOut ? StatusCodes.Status504GatewayTimeout : StatusCodes.Status502BadGateway, code.Replace('-', '_'),
                $"The provider '{deployment.ProviderName}' {what}."));

        private AttemptFailure Failed(AttemptFailure failure)
        {
            attempt.Failed(failure.Name);
            attempt.Ended();
            return failure;
        }

        private static bool IsJson(ReadOnlySpan<byte> text)
        {
            var reader = new Utf8JsonReader(text, new() { MaxDepth = 512 });
            try
            {
                while (reader.Read())
                {
                }

                return true;
            }
            catch (JsonException)
            {
                return false;
            }
        }
    }
}
