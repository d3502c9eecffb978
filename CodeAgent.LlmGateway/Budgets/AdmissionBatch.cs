using StackExchange.Redis;

namespace CodeAgent.LlmGateway.Budgets;

/// <summary>The words of <see cref="BudgetScripts.Reserve"/>.</summary>
internal static class AdmissionBatch
{
    private const int HeadOfQuestion = 3;
    private const int HeadOfAnswer = 3;
    private const int PartsOfAnswer = 3;

    // With up to three subjects; more make the list grow.
    private const int WordsOfRequest = 10;

    public static (RedisKey[] Keys, RedisValue[] Values, List<Subject> Subjects) Write(List<AdmissionQueue.Waiting> batch, GatewayId gateway)
    {
        List<Subject> subjects = [];
        Dictionary<RedisKey, int> places = [];
        List<RedisKey> keys = [];
        Dictionary<RedisKey, int> records = [];
        List<RedisValue> requests = new(batch.Count * WordsOfRequest);
        foreach (var waiting in batch)
        {
            var reservation = waiting.Reservation;
            foreach (var subject in reservation.Subjects)
            {
                if (places.TryAdd(subject.Used, subjects.Count + 1))
                {
                    subjects.Add(subject);
                    keys.Add(subject.Used);
                    keys.Add(subject.Open);
                }
            }

            if (reservation.KeyRecord is { } record)
            {
                records.TryAdd(record, records.Count + 1);
            }
        }

        foreach (var waiting in batch)
        {
            var reservation = waiting.Reservation;
            var need = reservation.Need;
            requests.Add(gateway.Name(reservation));
            requests.Add(need.Tokens);
            requests.Add(need.LikedTokens);
            requests.Add(need.Money);
            requests.Add(need.LikedMoney);
            requests.Add(reservation.KeyRecord is { } record ? records[record] : 0);
            requests.Add(reservation.Subjects.Length);
            foreach (var subject in reservation.Subjects)
            {
                requests.Add(places[subject.Used]);
            }
        }

        var values = new RedisValue[HeadOfQuestion + (subjects.Count * (LimitSet.Count + 1)) + requests.Count];
        (values[0], values[1], values[2]) = (subjects.Count, batch.Count, (long)batch[0].Lifetime.TotalMilliseconds);
        var at = HeadOfQuestion;
        foreach (var subject in subjects)
        {
            subject.Values.CopyTo(values, at);
            values[at + LimitSet.Count] = subject.Keep;
            at += LimitSet.Count + 1;
        }

        requests.CopyTo(values, at);
        keys.AddRange(records.Keys);
        return ([.. keys], values, subjects);
    }

    public static void Read(List<AdmissionQueue.Waiting> batch, List<Subject> subjects, RedisResult[] answer)
    {
        var clock = ((long)answer[0], (long)answer[1], (long)answer[2]);
        var at = HeadOfAnswer + (PartsOfAnswer * batch.Count);
        Dictionary<RedisKey, (int Place, SubjectState State)> states = new(subjects.Count);
        for (var i = 0; i < subjects.Count; i++)
        {
            var used = new long[LimitSet.Count];
            for (var f = 0; f < used.Length; f++)
            {
                used[f] = (long)answer[at++];
            }

            states[subjects[i].Used] = (i + 1, new(subjects[i], used));
        }

        at = HeadOfAnswer;
        foreach (var waiting in batch)
        {
            var reservation = waiting.Reservation;
            var verdict = (int)answer[at];
            var (place, limit) = (verdict / 16, verdict % 16);
            var own = Array.ConvertAll(reservation.Subjects, subject => states[subject.Used].State);
            var refused = verdict > 0 ? Array.FindIndex(reservation.Subjects, subject => states[subject.Used].Place == place) : -1;
            reservation.Decided(
                verdict switch { 0 => Verdict.Admitted, < 0 => Verdict.KeyIsGone, _ => Verdict.Refused },
                (refused, limit), (long)answer[at + 1], (long)answer[at + 2], clock, own);
            at += PartsOfAnswer;
        }
    }
}
